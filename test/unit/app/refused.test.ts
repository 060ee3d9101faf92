import assert from 'node:assert/strict'
import { test } from 'node:test'

import { recorder } from '../../support/raw.ts'
import { front, mounted } from '../../support/front.ts'

const gone = { kind: 'unix', path: '/nonexistent/fluxlit.sock' } as const

test('a POST whose connection was refused goes to the next process with its whole body', async (t) => {
  const next = await recorder(t)
  const opened = await front(t, { workers: [{ config: mounted('http', 'ui', '/'), address: gone }] })
  const client = await opened.connect()
  client.send('POST /x HTTP/1.1\r\nHost: a:8000\r\nContent-Length: 5\r\n\r\nhello')
  opened.worker('ui').ready(next.address)
  assert.equal((await client.answer()).status, 200)
  assert.deepEqual(
    next.requests.map(({ start, body }) => [start, body]),
    [['POST /x HTTP/1.1', 'hello']],
  )
})

test('a request that is refused again and again ends with 503 when it has waited long enough', async (t) => {
  const opened = await front(t, {
    workers: [{ config: mounted('http', 'ui', '/'), address: gone }],
    holdMs: 50,
  })
  const client = await opened.connect()
  client.send('POST /x HTTP/1.1\r\nHost: a:8000\r\nContent-Length: 5\r\n\r\nhello')
  const answer = await client.answer()
  assert.equal(answer.status, 503)
  assert.match(answer.body, /worker_down/)
})

test('a request that every replica refuses waits between its rounds instead of spinning', async (t) => {
  const addresses = [gone, { kind: 'unix', path: '/nonexistent/other.sock' }] as const
  const opened = await front(t, {
    workers: [{ config: mounted('http', 'ui', '/'), address: gone }],
    holdMs: 400,
  })
  const worker = opened.worker('ui')
  Object.assign(worker, { addresses })
  worker.ready(gone)
  const [backend] = opened.backends
  if (backend === undefined) throw new Error('no backend')
  const tried: unknown[] = []
  const readmit = backend.readmit.bind(backend)
  backend.readmit = (failed, client) => {
    tried.push(failed)
    return readmit(failed, client)
  }
  const client = await opened.connect()
  assert.equal((await client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n').answer()).status, 503)
  assert.ok(tried.length >= 2 && tried.length <= 8, `${tried.length} rounds`)
})
