import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SendRate, TakeRate } from '../../../internal/http1/rate.ts'

const idleMs = 60_000
const minRate = 1_024
const kib = 1_024
/** What one write may hold back. */
const grace = 64 * kib

test('a sender is too slow when nothing came for longer than the idle limit', () => {
  const rate = new TakeRate(idleMs, 0)
  assert.equal(rate.isTooSlow(1_000), false)
  assert.equal(rate.isTooSlow(1_000 + idleMs), false)
  rate.took(1)
  assert.equal(rate.isTooSlow(1_000 + idleMs), false)
  assert.equal(rate.isTooSlow(1_000 + 2 * idleMs), false)
  assert.equal(rate.isTooSlow(1_001 + 2 * idleMs), true)
})

test('a sender that trickles is judged by its average, once it had the idle limit’s time', () => {
  const rate = new TakeRate(idleMs, minRate)
  rate.isTooSlow(1_000)
  for (let second = 10; second <= 60; second += 10) {
    rate.took(1)
    assert.equal(rate.isTooSlow(1_000 + second * 1_000), false)
  }
  rate.took(1)
  assert.equal(rate.isTooSlow(1_001 + idleMs), true)
})

test('a sender at the least rate is not too slow', () => {
  const rate = new TakeRate(idleMs, minRate)
  rate.isTooSlow(1_000)
  for (let second = 1; second <= 300; second += 1) {
    rate.took(minRate)
    assert.equal(rate.isTooSlow(1_000 + second * 1_000), false)
  }
})

test('a sender that nobody listened to begins anew', () => {
  const rate = new TakeRate(idleMs, minRate)
  rate.isTooSlow(1_000)
  rate.restart()
  assert.equal(rate.isTooSlow(1_000_000), false)
  assert.equal(rate.isTooSlow(1_000_000 + idleMs), false)
  assert.equal(rate.isTooSlow(1_000_001 + idleMs), true)
})

test('without an idle limit nobody is too slow', () => {
  const [taking, sending] = [new TakeRate(0, minRate), new SendRate(0, minRate)]
  const stuck = { bytesWritten: 10, writableLength: 10 }
  assert.deepEqual([taking.isTooSlow(1), sending.isTooSlow(stuck, 1)], [false, false])
  assert.deepEqual([taking.isTooSlow(1e9), sending.isTooSlow(stuck, 1e9)], [false, false])
})

test('a receiver is too slow when nothing has gone for longer than the idle limit', () => {
  const rate = new SendRate(idleMs, 0)
  const stuck = { bytesWritten: 100, writableLength: 40 }
  assert.equal(rate.isTooSlow(stuck, 1_000), false)
  assert.equal(rate.isTooSlow(stuck, 1_000 + idleMs), false)
  assert.equal(rate.isTooSlow(stuck, 1_001 + idleMs), true)
})

test('writing more is not progress of the receiver, taking some is', () => {
  const rate = new SendRate(idleMs, 0)
  rate.isTooSlow({ bytesWritten: 100, writableLength: 40 }, 1_000)
  assert.equal(rate.isTooSlow({ bytesWritten: 160, writableLength: 99 }, 1_000 + idleMs), false)
  assert.equal(rate.isTooSlow({ bytesWritten: 161, writableLength: 100 }, 1_001 + idleMs), false)
  assert.equal(rate.isTooSlow({ bytesWritten: 261, writableLength: 200 }, 1_001 + 2 * idleMs), true)
})

/** A socket of which so much has gone after so many seconds, beside what went before, and the time. */
function at(second: number, gone: number): [{ bytesWritten: number; writableLength: number }, number] {
  return [{ bytesWritten: 1e9 + gone + 10, writableLength: 10 }, 1_000 + second * 1_000]
}

test('a receiver that trickles is judged by its average, what one write holds back in its favour', () => {
  const rate = new SendRate(idleMs, minRate)
  for (let second = 0; second <= 60; second += 10) assert.equal(rate.isTooSlow(...at(second, second)), false)
  assert.equal(rate.isTooSlow(...at(64, 61)), false)
  assert.equal(rate.isTooSlow(...at(65, 62)), true)
  const fair = new SendRate(idleMs, minRate)
  for (let second = 0; second <= 600; second += 10)
    assert.equal(fair.isTooSlow(...at(second, second * minRate)), false)
  assert.equal(fair.isTooSlow(...at(600 + grace / minRate + 1, 600 * minRate + 1)), true)
})

test('a receiver that has taken everything begins anew', () => {
  const rate = new SendRate(idleMs, minRate)
  const stuck = { bytesWritten: 10, writableLength: 10 }
  rate.isTooSlow(stuck, 1_000)
  assert.equal(rate.isTooSlow({ bytesWritten: 10, writableLength: 0 }, 2_000), false)
  assert.equal(rate.isTooSlow({ bytesWritten: 20, writableLength: 10 }, 1_000_000), false)
  assert.equal(rate.isTooSlow({ bytesWritten: 20, writableLength: 10 }, 1_000_000 + idleMs), false)
  assert.equal(rate.isTooSlow({ bytesWritten: 20, writableLength: 10 }, 1_000_001 + idleMs), true)
})
