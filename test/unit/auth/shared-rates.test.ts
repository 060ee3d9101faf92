import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SharedRates } from '../../../internal/auth/shared-rates.ts'
import { Throttle } from '../../../internal/auth/throttle.ts'
import type { Failure } from '../../../internal/fault/failure.ts'

const rate = { requests: 2, periodMs: 60_000, burst: 2, by: 'client' } as const

/** A throttle at a store that answers what the test says, by a clock the test moves. */
class Counted {
  now = 0
  answer: () => Promise<number> = () => Promise.resolve(0)
  readonly names: string[] = []
  readonly states: string[] = []
  readonly throttle: Throttle

  constructor(key = 'a'.repeat(32)) {
    const shared = new SharedRates({
      ask: (name) => {
        this.names.push(name)
        return this.answer()
      },
      key: Buffer.from(key),
      now: () => this.now,
      onState: (state) => this.states.push(state),
    })
    this.throttle = new Throttle(rate, () => this.now, shared)
  }

  async ask(client = '192.0.2.1'): Promise<number> {
    return waitOf(await this.throttle.refuse(client, null))
  }
}

const waitOf = (refused: Failure | null): number => refused?.retryAfterS ?? 0
const noAnswer = (): Promise<never> => Promise.reject(new Error('no answer in time'))

test('what the store says counts, and not what this gateway has seen', async () => {
  const counted = new Counted()
  assert.deepEqual([await counted.ask(), await counted.ask(), await counted.ask()], [0, 0, 0])
  counted.answer = () => Promise.resolve(1_500)
  assert.equal(await counted.ask('192.0.2.2'), 2)
  assert.deepEqual(counted.states, [])
})

test('without a store there is no promise', () => {
  const throttle = new Throttle(rate, () => 0, null)
  const asked = [1, 2, 3].map(() => throttle.refuse('192.0.2.1', null))
  assert.deepEqual(
    asked.map((found) => (found instanceof Promise ? 'promise' : waitOf(found))),
    [0, 0, 30],
  )
})

test('a store that gives no answer is neither an outage nor a way around the limit', async () => {
  const counted = new Counted()
  counted.answer = noAnswer
  assert.deepEqual([await counted.ask(), await counted.ask(), await counted.ask()], [0, 0, 30])
  assert.deepEqual(counted.states, ['alone'])
  assert.equal(counted.names.length, 1, 'the others did not wait for it')
  assert.ok(!(counted.throttle.refuse('192.0.2.9', null) instanceof Promise))
})

test('one request a second finds out whether it answers again, and it is said once', async () => {
  const counted = new Counted()
  counted.answer = noAnswer
  await counted.ask()
  counted.now = 1_000
  const gate = Promise.withResolvers<number>()
  counted.answer = () => gate.promise
  const probe = counted.throttle.refuse('192.0.2.1', null)
  assert.ok(probe instanceof Promise)
  assert.ok(!(counted.throttle.refuse('192.0.2.1', null) instanceof Promise))
  gate.reject(new Error('still none'))
  await probe
  assert.deepEqual(counted.states, ['alone'])
  counted.now = 2_000
  counted.answer = () => Promise.resolve(0)
  assert.equal(await counted.ask(), 0)
  await counted.ask()
  assert.deepEqual(counted.states, ['alone', 'shared'])
  assert.equal(counted.names.length, 4)
})

test('the store learns neither addresses nor people, and equal names from gateways with equal secrets', async () => {
  const [one, two, other] = [new Counted(), new Counted(), new Counted('b'.repeat(32))]
  for (const counted of [one, two, other]) await counted.ask()
  await one.ask('192.0.2.2')
  assert.match(one.names[0] ?? '', /^[\w-]{43}$/)
  assert.equal(one.names[0], two.names[0])
  assert.notEqual(one.names[0], other.names[0])
  assert.notEqual(one.names[0], one.names[1])
})
