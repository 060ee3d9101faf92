import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'

import { scrape, type Scraped } from '../../../internal/metrics/scrape.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { rawServer } from '../../support/raw.ts'
import { upstream } from '../../support/upstream.ts'

const text = '# TYPE active_sessions gauge\nactive_sessions 2\n# EOF\n'

async function scraped(t: Cleanup, handler: RequestListener): Promise<Scraped | null> {
  const { port } = await upstream(t, handler)
  return scrape({
    worker: 'ui',
    address: { kind: 'tcp', host: '127.0.0.1', port },
    path: '/x/_stcore/metrics',
  })
}

test('what a worker says of itself is read from its own path', async (t) => {
  const asked: unknown[] = []
  const answer = await scraped(t, (request, response) => {
    asked.push(request.url, request.headers.host)
    response.writeHead(200, { 'content-type': 'application/openmetrics-text' }).end(text)
  })
  assert.deepEqual(asked, ['/x/_stcore/metrics', 'localhost'])
  assert.deepEqual(answer?.worker, 'ui')
  assert.deepEqual(answer?.families[0]?.samples, [{ labels: {}, value: 2 }])
})

const useless: readonly (readonly [string, RequestListener])[] = [
  ['another status', (_request, response) => void response.writeHead(404).end()],
  ['a page', (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(text)],
  [
    'more than anybody needs',
    (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/plain' }).end(text.repeat(20_000)),
  ],
  [
    'half an answer',
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 1_000 })
      response.write(text, () => response.destroy())
    },
  ],
  [
    'an answer without an end',
    (_request, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).write(text),
  ],
  ['nothing at all', () => undefined],
]

for (const [what, handler] of useless) {
  test(`${what} is nothing, and does not last`, async (t) => {
    assert.equal(await scraped(t, handler), null)
  })
}

test('nobody there is nothing', async (t) => {
  const server = await rawServer(t, 'unix')
  await server.stop()
  assert.equal(await scrape({ worker: 'ui', address: server.address, path: '/' }), null)
})
