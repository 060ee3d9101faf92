import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import type { AccessRules } from '../../../internal/admin/access.ts'
import { AdminServer, type AdminServerParts } from '../../../internal/admin/admin-server.ts'
import {
  healthEndpoint,
  jsonEndpoint,
  metricsEndpoint,
  type Endpoint,
} from '../../../internal/admin/endpoint.ts'
import { pageEndpoint } from '../../../internal/admin/page-endpoint.ts'
import { Secret } from '../../../internal/config/secret.ts'
import { open as openSocket } from '../../fixtures/admin/ask.ts'
import { listLogger } from '../../fixtures/admin/target.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'
import { ask, json } from '../../support/http.ts'

const view = { workers: [], draining: false }

const endpoints: Readonly<Record<string, Endpoint>> = {
  '/': pageEndpoint(() => '<style>a{}</style><script>1</script>'),
  '/livez': healthEndpoint('livez', () => view),
  '/readyz': healthEndpoint('readyz', () => ({ ...view, draining: true })),
  '/status': jsonEndpoint(() => ({ workers: {} })),
  '/metrics': metricsEndpoint((accept) =>
    Promise.resolve({ contentType: 'text/plain', body: `${accept}\n` }),
  ),
  '/broken': { isOpen: false, answer: () => Promise.reject(new Error('a bug')) },
}

const everybody: AccessRules = { admits: () => true, isWorker: () => false, names: null, password: null }

async function serve(
  t: Cleanup,
  own: Partial<AdminServerParts> = {},
): Promise<{ readonly server: AdminServer; readonly url: string; readonly log: readonly string[] }> {
  const log: string[] = []
  const server = await AdminServer.open({
    at: { host: '127.0.0.1', port: 0 },
    endpoints,
    rules: () => everybody,
    logger: listLogger(log),
    ...own,
  })
  t.after(() => server.close())
  return { server, url: server.url, log }
}

test('each address answers what it is for', async (t) => {
  const { url } = await serve(t)
  assert.deepEqual(json((await ask(`${url}/livez?x=1`)).body), { status: 'ok' })
  const ready = await ask(`${url}/readyz`)
  assert.deepEqual([ready.status, ready.headers['retry-after']], [503, '2'])
  assert.deepEqual(json((await ask(`${url}/status`)).body), { workers: {} })
  const metrics = await ask(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } })
  assert.deepEqual(
    [metrics.body, metrics.headers['content-type']],
    ['application/openmetrics-text\n', 'text/plain'],
  )
  assert.equal((await ask(`${url}/`)).body, '<style>a{}</style><script>1</script>')
})

test('nothing it says is kept, framed or read by another page', async (t) => {
  const { headers } = await ask(`${(await serve(t)).url}/status`)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
  assert.equal(headers['access-control-allow-origin'], undefined)
})

test('what is not there is 404, and nothing but GET and HEAD is understood', async (t) => {
  const { url } = await serve(t)
  for (const path of ['/stop', '/status/', '/toString', '/__proto__', '//status'])
    assert.equal((await ask(url, { target: path })).status, 404, path)
  const post = await ask(`${url}/status`, { method: 'POST' })
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
  const head = await ask(`${url}/status`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.body], [200, ''])
})

test('checks are answered to everybody, everything else only to those who may', async (t) => {
  const rules: AccessRules = { ...everybody, names: new Set(), password: new Secret('horse') }
  const { url, log } = await serve(t, { rules: () => rules })
  const foreign = { host: 'evil.example' }
  assert.equal((await ask(`${url}/livez`, { headers: foreign })).status, 200)
  for (const path of ['/', '/status', '/metrics', '/nowhere'])
    assert.equal((await ask(`${url}${path}`, { headers: foreign })).status, 421, path)
  const denied = await ask(`${url}/status`)
  assert.equal(denied.status, 401)
  assert.match(String(denied.headers['www-authenticate']), /^Basic/)
  const authorization = `Basic ${Buffer.from('me:horse').toString('base64')}`
  assert.equal((await ask(`${url}/status`, { headers: { authorization } })).status, 200)
  assert.deepEqual(log, ['warn admin: a request was denied'], 'one line for all of them')
})

test('rules are those of the moment', async (t) => {
  let rules: AccessRules = everybody
  const { url } = await serve(t, { rules: () => rules })
  assert.equal((await ask(`${url}/status`)).status, 200)
  rules = { ...everybody, admits: () => false }
  assert.equal((await ask(`${url}/status`)).status, 403)
})

test('an endpoint that fails is 500 and a line, and the next request is answered', async (t) => {
  const { url, log } = await serve(t)
  assert.equal((await ask(`${url}/broken`)).status, 500)
  assert.deepEqual(log, ['error admin: a bug'])
  assert.equal((await ask(`${url}/livez`)).status, 200)
})

test('on a socket it answers whoever can open it', async (t) => {
  const path = join(await freshDirectory(t), 'admin.sock')
  const { server } = await serve(t, { at: { path }, rules: () => null })
  assert.equal(server.url, `unix:${path}`)
  assert.equal((await openSocket(path, 'GET', '/status')).statusCode, 200)
})

test('a taken port is told, and closing gives it back', async (t) => {
  const { server, url } = await serve(t)
  const at = { host: '127.0.0.1', port: Number(new URL(url).port) }
  await assert.rejects(serve(t, { at }), { code: 'EADDRINUSE' })
  await server.close()
  await server.close()
  await serve(t, { at })
})
