import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import { Monitor } from '../../../internal/worker/monitor.ts'
import type { ProbeResult } from '../../../internal/worker/probe.ts'
import { FakeClock } from '../../fixtures/worker/fakes.ts'

const silence: ProbeResult = { ok: false, reason: 'silence' }

/** Asks as often as there are answers, then returns what was told. */
async function told(
  t: TestContext,
  answers: readonly ProbeResult[],
  answered: boolean | null,
  intervalMs = 5000,
): Promise<readonly string[]> {
  const clock = new FakeClock()
  const calls: string[] = []
  const left = [...answers]
  const monitor = new Monitor(
    {
      ready: { probeIntervalMs: intervalMs, probeTimeoutMs: 2000, probeFailures: 3 },
      clock,
      ask: () => Promise.resolve(left.shift() ?? silence),
      onAnswered: () => calls.push('answered'),
      onUnanswered: (reason) => calls.push(reason),
    },
    answered,
  )
  t.after(() => monitor.stop())
  monitor.start()
  for (const _ of answers) {
    clock.advance(intervalMs)
    await new Promise(setImmediate)
  }
  return calls
}

/** One question: how long it may take, its number from 1, and a machine that can be put to sleep. */
interface Asked {
  readonly timeoutMs: number
  readonly round: number
  sleep(ms: number): void
}

function overslept(asked: Asked): ProbeResult {
  asked.sleep(3_600_000)
  return silence
}

/** Asks six times and returns what was told, with whether it was silent. */
async function watched(t: TestContext, answer: (asked: Asked) => ProbeResult): Promise<readonly string[]> {
  const clock = new FakeClock()
  const calls: string[] = []
  let round = 0
  let asleepMs = 0
  const sleep = (ms: number): void => {
    asleepMs += ms
  }
  const monitor = new Monitor(
    {
      ready: { probeIntervalMs: 5000, probeTimeoutMs: 2000, probeFailures: 3 },
      clock: {
        after: (ms, action) => clock.after(ms, action),
        now: () => clock.now(),
        wall: () => clock.wall() + asleepMs,
      },
      ask: (timeoutMs) => Promise.resolve(answer({ timeoutMs, round: ++round, sleep })),
      onAnswered: () => calls.push('answered'),
      onUnanswered: (reason) => calls.push(reason),
      onSilent: () => calls.push('mute'),
    },
    null,
  )
  t.after(() => monitor.stop())
  monitor.start()
  for (let count = 0; count < 6; count += 1) {
    clock.advance(5000)
    await new Promise(setImmediate)
  }
  return calls.filter((call) => call !== 'answered')
}

describe('a worker that is watched', () => {
  it('is ill after so many unanswered questions in a row, and told once', async (t) => {
    assert.deepEqual(await told(t, [silence, silence, silence, silence, silence], true), ['silence'])
  })

  it('is not ill when it answers in between', async (t) => {
    assert.deepEqual(await told(t, [silence, silence, { ok: true }, silence, silence], true), [])
  })

  it('is well again with the first answer', async (t) => {
    const answers = [silence, silence, silence, { ok: true }, { ok: true }] as const
    assert.deepEqual(await told(t, answers, true), ['silence', 'answered'])
  })

  it('nobody knows of yet is told with its first answer', async (t) => {
    assert.deepEqual(await told(t, [silence, { ok: true }], null), ['answered'])
  })

  it('has more time for its answer after each question it left open, up to four times as much', async (t) => {
    const asked: number[] = []
    await watched(t, ({ timeoutMs }) => {
      asked.push(timeoutMs)
      return asked.length === 5 ? { ok: true } : silence
    })
    assert.deepEqual(asked.slice(0, 6), [2000, 4000, 8000, 8000, 8000, 2000])
  })

  it('that took every connection and said nothing is told to be silent', async (t) => {
    const mute = { ...silence, isSilent: true } as const
    assert.deepEqual(await watched(t, () => mute), ['silence', 'mute', 'mute', 'mute', 'mute'])
    assert.deepEqual(await watched(t, ({ round }) => (round === 2 ? silence : mute)), ['silence'])
  })

  it('is not ill because the machine slept while it was asked', async (t) => {
    assert.deepEqual(await watched(t, overslept), [])
  })

  it('is not asked when that is switched off', async (t) => {
    assert.deepEqual(await told(t, [silence, silence, silence], true, 0), [])
  })
})
