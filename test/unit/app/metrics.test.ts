import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { LiveMetrics } from '../../../internal/metrics/live-metrics.ts'
import type { RouteTraffic } from '../../../internal/metrics/route-traffic.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { front, mounted, type Front } from '../../support/front.ts'
import { rawServer, recorder, type RawServer } from '../../support/raw.ts'
import { agreement, handshake } from '../../support/websocket.ts'

interface Counted {
  readonly opened: Front
  readonly metrics: LiveMetrics
  readonly worker: RawServer
  readonly route: RouteTraffic
}

async function counted(t: Cleanup): Promise<Counted> {
  const metrics = new LiveMetrics()
  const worker = await rawServer(t)
  const config = mounted('http', 'ui', '/ui')
  const opened = await front(t, { metrics, workers: [{ config, address: worker.address }], holdMs: 0 })
  return { opened, metrics, worker, route: metrics.route('ui') }
}

function counts(route: RouteTraffic): readonly string[] {
  return [...route.requests()].map(({ method, code, count }) => `${method} ${code} ${count}`)
}

const get = 'GET /ui/x HTTP/1.1\r\nHost: a\r\n\r\n'

test('a request is counted with its status, its bytes and both its times', async (t) => {
  const { opened, worker, route } = await counted(t)
  const client = await opened.connect()
  client.send('POST /ui/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
  const upstream = await worker.accept()
  await upstream.request()
  assert.equal(route.inFlight, 1)
  upstream.send('HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok')
  await client.answer()
  await opened.settled(1)
  assert.deepEqual(counts(route), ['POST 201 1'])
  assert.equal(route.inFlight, 0)
  assert.deepEqual(route.bytes, { in: 5, out: 2 })
  assert.deepEqual([total(route.duration.counts), total(route.ttfb.counts)], [1, 1])
})

test('an open WebSocket is open, one that was refused by its worker never was', async (t) => {
  const { opened, worker, route } = await counted(t)
  const client = await opened.connect()
  client.send(handshake('/ui/socket'))
  const upstream = await worker.accept()
  await upstream.request()
  assert.equal(route.inFlight, 1)
  upstream.send(agreement())
  await client.until('\r\n\r\n')
  assert.deepEqual([route.sockets.size, route.inFlight], [1, 0])
  client.send('12345')
  await upstream.bytes(5)
  assert.equal(route.bytes.in, 5)
  client.end()
  upstream.end()
  await opened.settled(1)
  assert.equal(route.sockets.size, 0)
  assert.deepEqual([...route.closes], [['client', 1]])
  assert.deepEqual(counts(route), ['GET 101 1'])

  const other = await opened.connect()
  other.send(handshake('/ui/socket'))
  const refusing = await worker.accept()
  await refusing.request()
  refusing.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  await other.answer()
  await opened.settled(2)
  assert.deepEqual(counts(route), ['GET 101 1', 'GET 403 1'])
  assert.deepEqual([route.inFlight, total(route.socketDuration.counts)], [0, 1])
})

test('a worker that ends the connection, answers nonsense, or breaks off is an error of its kind', async (t) => {
  const { opened, metrics, worker, route } = await counted(t)
  const answers = ['', 'nonsense\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf']
  for (const [index, answer] of answers.entries()) {
    const client = await opened.connect()
    client.send(get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'))
    const upstream = await worker.accept()
    await upstream.request()
    upstream.send(answer).end()
    await opened.settled(index + 1)
  }
  assert.deepEqual(
    [...metrics.upstreamErrors.entries()],
    [
      ['ui', 'closed', 1],
      ['ui', 'invalid', 1],
      ['ui', 'truncated', 1],
    ],
  )
  assert.deepEqual(
    [...metrics.rejected],
    [
      ['upstream_failed', 1],
      ['upstream_invalid', 1],
    ],
  )
  assert.deepEqual(counts(route), ['POST 200 1', 'POST 502 2'])
  assert.deepEqual([...metrics.retries], [])
})

test('a GET that goes once more is a retry and one request', async (t) => {
  const { opened, metrics, worker, route } = await counted(t)
  const client = await opened.connect()
  client.send(get)
  const first = await worker.accept()
  await first.request()
  first.reset()
  const second = await worker.accept()
  await second.request()
  second.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await client.answer()
  await opened.settled(1)
  assert.deepEqual([...metrics.retries], [['ui', 1]])
  assert.deepEqual(counts(route), ['GET 200 1'])
})

test('an agreement that is none is an error of the worker', async (t) => {
  const { opened, metrics, worker } = await counted(t)
  const client = await opened.connect()
  client.send(handshake('/ui/socket'))
  const upstream = await worker.accept()
  await upstream.request()
  upstream.send(agreement([], { 'Sec-WebSocket-Accept': 'AAAA' }))
  assert.equal((await client.answer()).status, 502)
  assert.deepEqual([...metrics.upstreamErrors.entries()], [['ui', 'invalid', 1]])
})

test('a client that leaves is 499 and nobody’s refusal', async (t) => {
  const { opened, metrics, worker, route } = await counted(t)
  const client = await opened.connect()
  client.send(get)
  const upstream = await worker.accept()
  await upstream.request()
  client.reset()
  await opened.settled(1)
  assert.deepEqual(counts(route), ['GET 499 1'])
  assert.deepEqual([...metrics.rejected], [])
  assert.equal(route.inFlight, 0)
})

test('health checks are counted for the gateway itself', async (t) => {
  const { opened, metrics } = await counted(t)
  const client = await opened.connect()
  client.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await client.answer()).status, 200)
  assert.deepEqual(counts(metrics.route('internal')), ['GET 200 1'])
  assert.equal(metrics.route('internal').inFlight, 0)
})

const refused: readonly (readonly [string, string])[] = [
  ['bad_request', 'nonsense\r\n\r\n'],
  ['bad_host', 'GET / HTTP/1.1\r\n\r\n'],
  ['bad_host', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['http_version', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
  ['ambiguous_path', 'GET /ui%2fx/../y HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['bad_header', 'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n'],
  ['target_too_long', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['header_too_large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['method_not_implemented', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ['method_not_allowed', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['expectation_failed', 'POST /ui HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n'],
  ['body_too_large', 'POST /ui HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n'],
  ['bad_upgrade', handshake('/ui', [], { 'Sec-WebSocket-Key': 'AAAA' })],
  ['bad_origin', handshake('/ui', ['Origin: http://evil'])],
  ['route_not_found', 'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'],
]

test('every refusal is counted by the code of its answer, also of what is no request at all', async (t) => {
  const { opened, metrics, worker } = await counted(t)
  const expected = new Map<string, number>()
  for (const [code, bytes] of refused) {
    const client = await opened.connect()
    client.send(bytes)
    const answer = await client.answer()
    assert.ok(answer.status >= 400, code)
    expected.set(code, (expected.get(code) ?? 0) + 1)
    assert.deepEqual([...metrics.rejected], [...expected], code)
  }
  assert.deepEqual(worker.wires, [])
  assert.equal(metrics.route('ui').inFlight, 0)
})

test('a body that is too long in the end is refused once', async (t) => {
  const metrics = new LiveMetrics()
  const { address } = await recorder(t)
  const config = mounted('http', 'ui', '/ui', { maxBodyBytes: 10 })
  const opened = await front(t, { metrics, workers: [{ config, address }] })
  const client = await opened.connect()
  client.send('POST /ui HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  client.send(`14\r\n${'x'.repeat(20)}\r\n`)
  assert.equal((await client.answer()).status, 413)
  client.end()
  await once(client.socket, 'close')
  assert.deepEqual([...metrics.rejected], [['body_too_large', 1]])
})

function total(cells: Float64Array): number {
  return cells.reduce((sum, count) => sum + count, 0)
}
