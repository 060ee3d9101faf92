import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LiveMetrics } from '../../../internal/metrics/live-metrics.ts'
import type { TrafficRecord } from '../../../internal/metrics/metrics.ts'

function record(own: Partial<TrafficRecord> = {}): TrafficRecord {
  return {
    id: 'id',
    kind: 'http',
    method: 'GET',
    route: 'api',
    worker: 'api',
    client: '192.0.2.1',
    status: 200,
    reason: 'ok',
    startedAt: performance.now(),
    endedAt: performance.now(),
    ttfbMs: 1,
    bytesIn: 3,
    bytesOut: 5,
    ...own,
  }
}

test('a request is in flight between its route and its end, and counted at its end', () => {
  const metrics = new LiveMetrics()
  const route = metrics.route('api')
  metrics.entered('api')
  assert.deepEqual([route.inFlight, [...route.requests()]], [1, []])
  metrics.settled(record())
  assert.equal(route.inFlight, 0)
  assert.deepEqual([...route.requests()], [{ method: 'GET', code: 200, count: 1 }])
  assert.deepEqual(route.bytes, { in: 3, out: 5 })
})

test('one that moves to another route is in flight there and not here', () => {
  const metrics = new LiveMetrics()
  metrics.entered('api')
  metrics.left('api')
  metrics.entered('ui')
  assert.deepEqual([metrics.route('api').inFlight, metrics.route('ui').inFlight], [0, 1])
})

test('what never found a route was in flight nowhere', () => {
  const metrics = new LiveMetrics()
  metrics.settled(record({ route: 'none', status: 404, reason: 'route_not_found' }))
  assert.equal(metrics.route('none').inFlight, 0)
  assert.deepEqual([...metrics.rejected], [['route_not_found', 1]])
})

test('a method nobody knows is counted as one that nobody knows, whatever it is called', () => {
  const metrics = new LiveMetrics()
  for (const method of ['BREW', 'get', '__proto__', '', 'x'.repeat(999)])
    metrics.settled(record({ route: 'none', method }))
  assert.deepEqual([...metrics.route('none').requests()], [{ method: '_other', code: 200, count: 5 }])
})

test('a WebSocket is a request until it opens, and open until it is settled', () => {
  const metrics = new LiveMetrics()
  const route = metrics.route('ui')
  const socket: { -readonly [K in keyof TrafficRecord]: TrafficRecord[K] } = record({
    kind: 'websocket',
    route: 'ui',
    status: 101,
    bytesIn: 0,
    bytesOut: 0,
  })
  metrics.entered('ui')
  metrics.opened(socket)
  assert.deepEqual([route.inFlight, route.sockets.size], [0, 1])
  assert.deepEqual([...route.requests()], [{ method: 'GET', code: 101, count: 1 }])
  socket.bytesIn = 100
  assert.deepEqual(route.bytes, { in: 100, out: 0 }, 'bytes of an open socket count as they pass')
  socket.reason = 'websocket_closed_by_worker'
  metrics.settled(socket)
  assert.deepEqual([route.inFlight, route.sockets.size], [0, 0])
  assert.deepEqual(route.bytes, { in: 100, out: 0 }, 'and once')
  assert.deepEqual([...route.closes], [['worker', 1]])
  assert.deepEqual([...route.requests()], [{ method: 'GET', code: 101, count: 1 }])
})

test('a WebSocket ends by the client, the worker, a drain, or otherwise', () => {
  const metrics = new LiveMetrics()
  for (const reason of ['websocket_closed_by_client', 'websocket_closed_by_worker', 'drain', 'ok']) {
    const socket = record({ kind: 'websocket', status: 101, reason })
    metrics.opened(socket)
    metrics.settled(socket)
  }
  assert.deepEqual([...metrics.route('api').closes.keys()], ['client', 'worker', 'drain', 'other'])
})

test('a client that left and an answer that broke off are refused by nobody', () => {
  const metrics = new LiveMetrics()
  for (const reason of ['client_closed', 'upstream_truncated', 'ok', 'drain', 'toString'])
    metrics.settled(record({ reason }))
  assert.deepEqual([...metrics.rejected], [])
  for (const reason of ['upstream_failed', 'body_too_large']) metrics.settled(record({ reason }))
  assert.deepEqual([...metrics.rejected.keys()], ['upstream_failed', 'body_too_large'])
})

test('errors of a worker are counted by what went wrong, in words fit for a label', () => {
  const metrics = new LiveMetrics()
  metrics.upstreamFailed('api', 'head-timeout')
  metrics.upstreamFailed('api', 'head-timeout')
  metrics.upstreamFailed('ui', 'refused')
  assert.deepEqual(
    [...metrics.upstreamErrors.entries()],
    [
      ['api', 'head_timeout', 2],
      ['ui', 'refused', 1],
    ],
  )
})
