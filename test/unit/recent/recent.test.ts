import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RecentRequests } from '../../../internal/recent/recent.ts'
import type { RecentRecord } from '../../../internal/recent/request.ts'
import { Ring } from '../../../internal/recent/ring.ts'

const usual: RecentRecord = {
  id: 'a-1',
  kind: 'http',
  method: 'GET',
  path: '/api/x',
  hasQuery: false,
  client: '10.0.0.9',
  route: 'api',
  worker: 'api',
  generation: 3,
  upstream: { kind: 'unix', path: '/run/api.3.sock' },
  attempts: 1,
  status: 200,
  reason: 'ok',
  startedAt: 1_000,
  endedAt: 1_010,
  ttfbMs: 4.256,
  heldMs: 0,
  bytesIn: 5,
  bytesOut: 7,
  cause: undefined,
}

const time = (ms: number): string => new Date(performance.timeOrigin + ms).toISOString()

test('a request is told as it was', () => {
  const ring = new Ring(4)
  ring.add({ ...usual, endedAt: 1_010.5 })
  assert.deepEqual(ring.find('a-1'), {
    request_id: 'a-1',
    kind: 'http',
    method: 'GET',
    path: '/api/x',
    client: '10.0.0.9',
    route: 'api',
    worker: 'api',
    generation: 3,
    upstream: 'unix:/run/api.3.sock',
    attempts: 1,
    status: 200,
    reason: 'ok',
    started_at: time(1_000),
    ended_at: time(1_010.5),
    duration_ms: 10.5,
    ttfb_ms: 4.26,
    held_ms: 0,
    bytes_in: 5,
    bytes_out: 7,
    error: null,
  })
})

test('an id is only found as a whole, and the last request of it', () => {
  const ring = new Ring(4)
  ring.add({ ...usual, status: 404, endedAt: 1 })
  ring.add({ ...usual, status: 405, endedAt: 2 })
  ring.add({ ...usual, id: 'a-12', endedAt: 3 })
  assert.equal(ring.find('a-1')?.status, 405)
  for (const other of ['a-', 'a-123', '', '-1', 'ä-1']) assert.equal(ring.find(other), null, other)
})

test('the oldest request gives way, and it is known how far back the memory goes', () => {
  const ring = new Ring(3)
  for (let number = 1; number <= 3; number += 1) ring.add({ ...usual, id: `r${number}`, endedAt: number })
  assert.equal(ring.reachesBackTo, null)
  ring.add({ ...usual, id: 'r4', endedAt: 4 })
  assert.equal(ring.find('r1'), null)
  assert.equal(ring.reachesBackTo, 2)
  assert.deepEqual(
    ring.latest(9).map(({ request_id: id }) => id),
    ['r4', 'r3', 'r2'],
  )
})

test('texts of any length are cut, and nothing of a neighbour is told', () => {
  const ring = new Ring(2)
  const id = 'i'.repeat(64)
  ring.add({ ...usual, id, path: `/${'p'.repeat(5_000)}`, client: 'c'.repeat(100), endedAt: 1 })
  ring.add({ ...usual, id: 'short', path: '/', client: '::1', hasQuery: true, endedAt: 2 })
  const long = ring.find(id)
  assert.equal(long?.path, `/${'p'.repeat(159)}…`)
  assert.equal(long?.client, 'c'.repeat(48))
  assert.deepEqual([ring.find('short')?.path, ring.find('short')?.client], ['/?[redacted]', '::1'])
})

test('a slot that is used again tells nothing of the request before', () => {
  const ring = new Ring(1)
  ring.add({ ...usual, cause: new Error('broke'), endedAt: 1 })
  assert.equal(ring.find('a-1')?.error, 'broke')
  ring.add({
    ...usual,
    id: 'b',
    worker: null,
    upstream: null,
    generation: 0,
    ttfbMs: null,
    method: 'BREW',
    endedAt: 2,
  })
  const told = ring.find('b')
  assert.deepEqual(
    [told?.error, told?.worker, told?.upstream, told?.generation, told?.ttfb_ms, told?.method],
    [null, null, null, null, null, 'other'],
  )
})

test('neither refusals nor answers push out failures', () => {
  const recent = new RecentRequests(10)
  const failed = [
    { id: 'gateway', status: 502, reason: 'upstream_failed' },
    { id: 'worker', status: 500, reason: 'ok' },
    { id: 'half', status: 200, reason: 'upstream_truncated' },
  ]
  for (const one of failed) recent.ended({ ...usual, ...one })
  for (let number = 0; number < 1_000; number += 1) {
    recent.ended({ ...usual, id: `ok${number}` })
    recent.ended({ ...usual, id: `no${number}`, status: 400, reason: 'bad_target' })
  }
  for (const { id } of failed) assert.equal(recent.find(id)?.request_id, id)
  assert.deepEqual(
    recent.latestFailures(2).map(({ request_id: id }) => id),
    ['half', 'worker'],
  )
  const { failed: allFailures, refused, answered } = recent.reach
  assert.equal(allFailures, null)
  assert.match(`${refused} ${answered}`, /^20\S+Z 20\S+Z$/)
})
