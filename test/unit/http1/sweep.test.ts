import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { shortest, Sweeper } from '../../../internal/http1/sweep.ts'

/** Something that counts how often it was looked at. */
class Counted {
  looks: number[] = []

  sweep(now: number): void {
    this.looks.push(now)
  }
}

/** Milliseconds after which a sweeper for this deadline looks for the first time. */
function interval(t: TestContext, shortestMs: number): number {
  const item = new Counted()
  const sweeper = new Sweeper(shortestMs)
  sweeper.add(item)
  let passed = 0
  while (item.looks.length === 0 && passed < 5_000) {
    t.mock.timers.tick(1)
    passed += 1
  }
  sweeper.delete(item)
  return passed
}

test('deadlines are looked at every quarter of the shortest, and at least every second', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  assert.deepEqual(
    [0, 1, 40, 400, 60_000].map((ms) => interval(t, ms)),
    [1_000, 5, 10, 100, 1_000],
  )
})

test('everything that was added is looked at with the monotonic time until it is taken out', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const sweeper = new Sweeper(0)
  const [one, other] = [new Counted(), new Counted()]
  sweeper.add(one)
  sweeper.add(other)
  const before = performance.now()
  t.mock.timers.tick(1_000)
  sweeper.delete(one)
  t.mock.timers.tick(2_000)
  sweeper.delete(other)
  t.mock.timers.tick(5_000)
  assert.deepEqual([one.looks.length, other.looks.length], [1, 3])
  assert.ok((one.looks[0] ?? 0) >= before && (one.looks[0] ?? 0) <= performance.now())
})

test('a sweeper that had nothing left to look at begins again', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const sweeper = new Sweeper(0)
  const item = new Counted()
  sweeper.add(item)
  sweeper.delete(item)
  sweeper.delete(item)
  sweeper.add(item)
  t.mock.timers.tick(1_000)
  sweeper.delete(item)
  assert.equal(item.looks.length, 1)
})

test('something that takes itself out while it is looked at does not keep others from it', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const sweeper = new Sweeper(0)
  const other = new Counted()
  const leaving = { sweep: () => sweeper.delete(leaving) }
  sweeper.add(leaving)
  sweeper.add(other)
  t.mock.timers.tick(2_000)
  sweeper.delete(other)
  assert.equal(other.looks.length, 2)
})

test('the shortest of several limits is the smallest that is one', () => {
  assert.deepEqual([shortest(), shortest(0, 0), shortest(0, 5, 3)], [0, 0, 3])
})
