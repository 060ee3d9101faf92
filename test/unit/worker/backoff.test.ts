import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Backoff } from '../../../internal/worker/backoff.ts'
import { FakeClock } from '../../fixtures/worker/fakes.ts'

const policy = {
  backoffMinMs: 500,
  backoffMaxMs: 30_000,
  resetAfterMs: 60_000,
  crashCount: 5,
  crashWindowMs: 60_000,
  bootAttempts: 3,
}

function backoff(changes: Partial<typeof policy> = {}): { clock: FakeClock; subject: Backoff } {
  const clock = new FakeClock()
  return { clock, subject: new Backoff({ ...policy, ...changes }, clock) }
}

describe('the wait before the next start', () => {
  it('25: doubles from the minimum to the maximum', () => {
    const { subject } = backoff({ crashCount: 100 })
    const delays = Array.from({ length: 8 }, () => subject.died().delayMs)
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('25: differs by up to a quarter either way', () => {
    const { clock, subject } = backoff({ crashCount: 100 })
    clock.chance = 0
    assert.equal(subject.died().delayMs, 375)
    clock.chance = 1
    assert.equal(subject.died().delayMs, 1250)
  })

  it('25: starts from the minimum again after a healthy time', () => {
    const { clock, subject } = backoff()
    subject.died()
    subject.died()
    subject.readied()
    clock.advance(60_000)
    assert.deepEqual(subject.died(), { delayMs: 500, deaths: 1, looping: false })
  })

  it('goes on growing when the healthy time was too short', () => {
    const { clock, subject } = backoff()
    subject.died()
    subject.readied()
    clock.advance(59_999)
    assert.equal(subject.died().delayMs, 1000)
  })

  it('is nothing for an end that was planned', () => {
    const { subject } = backoff({ crashCount: 1 })
    assert.deepEqual(subject.died(true), { delayMs: 0, deaths: 0, looping: false })
  })
})

describe('a crash loop', () => {
  it('is so many deaths within the window', () => {
    const { clock, subject } = backoff()
    for (let death = 1; death < 5; death += 1) {
      assert.equal(subject.died().looping, false)
      clock.advance(10_000)
    }
    assert.deepEqual(subject.died(), { delayMs: 30_000, deaths: 5, looping: true })
  })

  it('is not the same number of deaths over a longer time', () => {
    const { clock, subject } = backoff()
    for (let death = 1; death <= 10; death += 1) {
      assert.equal(subject.died().looping, false)
      clock.advance(15_000)
    }
  })

  it('lasts until the worker was healthy for a while', () => {
    const { clock, subject } = backoff({ crashCount: 1 })
    assert.equal(subject.died().looping, true)
    clock.advance(600_000)
    assert.equal(subject.died().looping, true)
    subject.readied()
    clock.advance(60_000)
    assert.equal(subject.died(true).looping, false)
  })
})
