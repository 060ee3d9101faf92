import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { KeySet } from '../../../internal/auth/jwt/key-set.ts'
import { RemoteKeys } from '../../../internal/auth/jwt/remote-keys.ts'
import { silentLogger } from '../../support/logger.ts'

const rules = { cooldownMs: 30_000, maxAgeMs: 600_000, staleMs: 3_600_000 }
const set: KeySet = { keys: [], refused: [] }

/** Keys whose fetches the test ends itself, and a clock that it moves. */
function remote() {
  const fetches: PromiseWithResolvers<KeySet>[] = []
  const clock = { now: 0 }
  const results: string[] = []
  const keys = new RemoteKeys({
    rules,
    fetch: () => {
      const ended = Promise.withResolvers<KeySet>()
      fetches.push(ended)
      return ended.promise
    },
    now: () => clock.now,
    logger: silentLogger,
    issuer: 'https://idp.test',
    fetched: (result) => results.push(result),
  })
  return { keys, fetches, clock, results }
}

test('the first who asks waits, and everybody with them: one fetch', async () => {
  const { keys, fetches } = remote()
  const asked = [keys.current(), keys.current(), keys.afterMiss()]
  assert.equal(fetches.length, 1)
  fetches[0]?.resolve(set)
  assert.deepEqual(await Promise.all(asked.map((each) => Promise.resolve(each))), [set, set, set])
  assert.equal(keys.current(), set)
})

test('attack 62: while an address hangs nobody waits who has keys', async () => {
  const { keys, fetches, clock } = remote()
  keys.warm()
  fetches[0]?.resolve(set)
  await keys.current()
  clock.now = 0.9 * rules.maxAgeMs
  assert.equal(keys.current(), set)
  assert.equal(fetches.length, 2, 'the keys are fetched in time')
  assert.equal(keys.current(), set)
  assert.equal(fetches.length, 2)
})

test('attack 61: known keys are used while the address fails, as long as was agreed', async () => {
  const { keys, fetches, clock, results } = remote()
  keys.warm()
  fetches[0]?.resolve(set)
  await keys.current()
  clock.now = rules.maxAgeMs + 1
  const waiting = keys.current()
  fetches[1]?.reject(new Error('status 500'))
  assert.equal(await waiting, set)
  for (clock.now += 500; clock.now < rules.maxAgeMs + rules.staleMs; clock.now += 60_000) {
    const kept = keys.current()
    assert.equal(kept instanceof Promise, false, 'nobody waits for an address that fails')
    assert.equal(kept, set)
    fetches.at(-1)?.reject(new Error('status 500'))
    await new Promise(setImmediate)
  }
  clock.now = rules.maxAgeMs + rules.staleMs + 1_000
  assert.equal(keys.failing, true)
  const late = keys.current()
  fetches.at(-1)?.reject(new Error('status 500'))
  assert.equal(await late, null)
  assert.equal(results.filter((result) => result === 'ok').length, 1)
})

test('an address that fails is asked less and less often', async () => {
  const { keys, fetches, clock } = remote()
  for (let i = 0; i < 200; i++) {
    const known = keys.current()
    fetches.at(-1)?.reject(new Error('refused'))
    assert.equal(await known, null)
    await new Promise(setImmediate)
    clock.now += 1_000
  }
  // 1, 2, 4, 8, 16 and then 30 seconds apart.
  assert.ok(fetches.length >= 9 && fetches.length <= 12, String(fetches.length))
})

test('attack 60: a key that is not known is looked for once per pause', async () => {
  const { keys, fetches, clock } = remote()
  keys.warm()
  fetches[0]?.resolve(set)
  await keys.current()
  for (let i = 0; i < 1_000; i++) void keys.afterMiss()
  assert.equal(fetches.length, 1)
  clock.now = rules.cooldownMs + 1
  for (let i = 0; i < 1_000; i++) void keys.afterMiss()
  assert.equal(fetches.length, 2)
  fetches[1]?.resolve(set)
})
