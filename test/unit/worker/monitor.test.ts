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
      ready: { probeIntervalMs: intervalMs, probeFailures: 3 },
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

  it('is not asked when that is switched off', async (t) => {
    assert.deepEqual(await told(t, [silence, silence, silence], true, 0), [])
  })
})
