import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'

import { digest } from '../../internal/auth/session/key-ring.ts'
import { RedisStore, type RedisStoreOptions } from '../../internal/auth/session/redis-store.ts'
import { StoreUnavailable } from '../../internal/auth/session/store.ts'
import { eventually } from '../support/eventually.ts'
import { Redis } from '../support/redis.ts'
import { sessionStoreSuite } from '../support/session-store.ts'

function optionsFor(redis: Redis, given: Partial<RedisStoreOptions> = {}): RedisStoreOptions {
  return { url: redis.url, ca: null, timeoutMs: 500, prefix: 'test:', onState: () => undefined, ...given }
}

/** A store that is connected. */
async function connected(options: RedisStoreOptions): Promise<RedisStore> {
  const store = new RedisStore(options)
  await eventually('it is connected', () => store.once(randomUUID(), 1000))
  return store
}

const session = () => ({
  sealed: Buffer.from('x'),
  about: Buffer.from('y'),
  expiresAt: Date.now() + 3_600_000,
  idleAt: Date.now() + 3_600_000,
  indexes: [],
})

sessionStoreSuite('Redis', async (t) => {
  let offset = 0
  const options = optionsFor(await Redis.start(t), { now: () => Date.now() + offset })
  const store = await connected(options)
  const other = await connected(options)
  t.after(async () => {
    await store.close()
    await other.close()
  })
  return { store, other, turnClock: (ms) => (offset = ms) }
})

test('a session that ends on one gateway is told to all, and a gap to those who may have missed something', async (t) => {
  const redis = await Redis.start(t)
  const one = await connected(optionsFor(redis))
  const two = await connected(optionsFor(redis))
  t.after(() => Promise.all([one.close(), two.close()]).then(() => undefined))
  const told: (string | null)[] = []
  two.onRemoved((key) => told.push(key))
  const key = digest(randomUUID())
  await eventually('the other one listens and hears', async () => {
    await one.create(key, session())
    await one.remove(key, 'signed_out')
    return told.includes(key)
  })
  await redis.stop()
  await redis.start()
  await eventually('the gap is told', () => told.includes(null))
})

test('attack 96: Redis that is gone or hangs is no answer and no sign-out, and is used again when it is back', async (t) => {
  const redis = await Redis.start(t)
  const states: string[] = []
  const store = await connected(optionsFor(redis, { onState: (state) => states.push(state) }))
  t.after(() => store.close())
  const key = digest(randomUUID())
  await store.create(key, session())

  redis.freeze()
  await assert.rejects(() => store.get(key), StoreUnavailable)
  redis.thaw()
  await eventually('it answers again', async () => (await store.get(key)) !== null)

  await redis.stop()
  await assert.rejects(() => store.get(key), StoreUnavailable)
  await redis.start()
  await eventually('it is connected again', () => store.once(randomUUID(), 1000))
  assert.deepEqual(states, ['down', 'up'])
})

test('a Redis that is not there when the gateway starts is waited for', async (t) => {
  const redis = await Redis.start(t)
  await redis.stop()
  const store = new RedisStore(optionsFor(redis))
  t.after(() => store.close())
  await assert.rejects(() => store.once('x', 1000), StoreUnavailable)
  await redis.start()
  await eventually('it is connected', () => store.once(randomUUID(), 1000))
})
