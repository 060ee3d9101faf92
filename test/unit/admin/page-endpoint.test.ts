import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import { AdminServer } from '../../../internal/admin/admin-server.ts'
import { pageEndpoint, policyFor } from '../../../internal/admin/page-endpoint.ts'
import { listLogger } from '../../fixtures/admin/target.ts'
import { ask } from '../../support/http.ts'

const script = 'document.title = "$&"\n'
const page = `<!doctype html><style>a{}</style><script>${script}</script>`

const digest = (text: string): string => createHash('sha256').update(text).digest('base64')

test('the policy allows exactly the scripts and styles of the page', () => {
  const policy = policyFor(page)
  assert.ok(policy.includes(`script-src 'sha256-${digest(script)}';`), policy)
  assert.ok(policy.includes(`style-src 'sha256-${digest('a{}')}';`), policy)
  assert.ok(!policy.includes('unsafe'), policy)
  assert.ok(policy.startsWith("default-src 'none';"))
})

test('the page is read when somebody looks, and once', async (t) => {
  let reads = 0
  const read = (): string => {
    reads += 1
    return page
  }
  const server = await AdminServer.open({
    at: { host: '127.0.0.1', port: 0 },
    endpoints: { '/': pageEndpoint(read) },
    rules: () => null,
    logger: listLogger([]),
  })
  t.after(() => server.close())
  assert.equal(reads, 0)
  const answers = [await ask(`${server.url}/`), await ask(`${server.url}/`)]
  assert.equal(reads, 1)
  for (const { body, headers } of answers) {
    assert.equal(body, page)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(headers['content-security-policy'], policyFor(page))
  }
})
