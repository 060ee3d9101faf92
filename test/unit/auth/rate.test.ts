import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RateLimiter, retryAfter } from '../../../internal/auth/rate.ts'
import { guarded } from '../../support/auth-front.ts'
import { field } from '../../support/message.ts'
import { recorded } from '../../support/through.ts'

test('so many may come at once, and then one every so often', () => {
  const clock = { now: 0 }
  const limiter = new RateLimiter({ intervalMs: 100, burst: 3 }, () => clock.now)
  const taken = (): number => limiter.take('a')
  assert.deepEqual([taken(), taken(), taken(), taken()], [0, 0, 0, 100])
  clock.now = 99
  assert.equal(taken(), 1)
  clock.now = 100
  assert.deepEqual([taken(), taken()], [0, 100])
  clock.now = 10_000
  assert.deepEqual([taken(), taken(), taken(), taken()], [0, 0, 0, 100])
  assert.equal(limiter.take('b'), 0)
})

test('a clock that goes back keeps nobody out for longer than the burst', () => {
  const clock = { now: 1_000_000 }
  const limiter = new RateLimiter({ intervalMs: 100, burst: 2 }, () => clock.now)
  limiter.take('a')
  assert.equal(limiter.wait('a'), 0)
})

test('strangers without number take no memory without bounds', () => {
  const clock = { now: 0 }
  const limiter = new RateLimiter({ intervalMs: 1_000, burst: 1 }, () => clock.now, 100)
  for (let i = 0; i < 100_000; i++) limiter.take(`client ${i}`)
  assert.equal(limiter.size, 100)
  // The last ones are remembered, the first ones are not.
  assert.equal(limiter.wait('client 99999'), 1_000)
  assert.equal(limiter.wait('client 0'), 0)
})

test('nobody is told to come back at once', () => {
  assert.deepEqual([retryAfter(1), retryAfter(1_000), retryAfter(1_001)], [1, 1, 2])
})

test('whoever asks faster than limits.rate waits, also where nobody is asked who they are', async (t) => {
  const rate = { requests: 2, periodMs: 60_000, burst: 2, by: 'client' } as const
  const { client, worker } = await recorded(t, { limits: { rate } })
  const ask = async (): Promise<number> =>
    (await client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n').answer()).status
  assert.deepEqual([await ask(), await ask()], [200, 200])
  const late = await client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n').answer()
  assert.deepEqual([late.status, field(late, 'Retry-After')], [429, '30'])
  assert.equal(field(late, 'Connection'), 'keep-alive')
  assert.equal(worker.requests.length, 2)
  const health = await client.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n').answer()
  assert.equal(health.status, 200)
})

test('people behind one address are counted one by one when that is wanted', async (t) => {
  const rate = { requests: 1, periodMs: 60_000, burst: 1, by: 'user' } as const
  const { askAs, signer } = await guarded(t, { front: { limits: { rate } } })
  const [ann, bob] = [signer.token({ sub: 'ann' }), signer.token({ sub: 'bob' })]
  const found: number[] = []
  for (const token of [ann, bob, ann, bob]) found.push((await askAs(token, 'GET /api/x')).status)
  assert.deepEqual(found, [200, 200, 429, 429])
})
