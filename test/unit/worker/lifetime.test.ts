import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import { Lifetime } from '../../../internal/worker/lifetime.ts'
import type { Usage } from '../../../internal/worker/types.ts'
import { FakeClock, RecordingLogger } from '../../fixtures/worker/fakes.ts'

const mebibyte = 2 ** 20

interface Watched {
  readonly clock: FakeClock
  readonly logger: RecordingLogger
  /** Reasons for which it was to be replaced. */
  readonly expired: string[]
  /** Time passes, with this much memory in use. */
  pass(ms: number, memoryMiB: number): Promise<void>
}

async function watch(
  t: TestContext,
  limits: { readonly maxMemoryBytes?: number; readonly maxAgeMs?: number },
  memoryMiB = 10,
): Promise<Watched> {
  const clock = new FakeClock()
  const logger = new RecordingLogger()
  const expired: string[] = []
  let usage: Usage = { memoryBytes: memoryMiB * mebibyte, cpuSeconds: 1 }
  const lifetime = new Lifetime({
    worker: 'api',
    clock,
    logger,
    maxMemoryBytes: 0,
    maxAgeMs: 0,
    ...limits,
    measure: () => Promise.resolve(usage),
    onUsage: () => undefined,
    onExpired: (reason) => expired.push(reason),
  })
  t.after(() => lifetime.stop())
  lifetime.start()
  await setImmediate()
  const pass = async (ms: number, memory: number): Promise<void> => {
    usage = { memoryBytes: memory * mebibyte, cpuSeconds: 1 }
    for (let left = ms; left > 0; left -= 5000) {
      clock.advance(Math.min(5000, left))
      await setImmediate()
    }
  }
  return { clock, logger, expired, pass }
}

describe('a process with max_memory', () => {
  const maxMemoryBytes = 100 * mebibyte

  it('is warned of once from four fifths on', async (t) => {
    const subject = await watch(t, { maxMemoryBytes })
    await subject.pass(10_000, 79)
    assert.deepEqual(subject.logger.lines, [])
    await subject.pass(10_000, 85)
    assert.deepEqual(
      subject.logger.lines.map(({ level, message }) => [level, message]),
      [['warn', 'worker uses 85 % of max_memory']],
    )
    assert.deepEqual(subject.expired, [])
  })

  it('is replaced at the limit, and again only after a while', async (t) => {
    const subject = await watch(t, { maxMemoryBytes })
    await subject.pass(5000, 100)
    assert.deepEqual(subject.expired, ['memory'])
    await subject.pass(55_000, 200)
    assert.deepEqual(subject.expired, ['memory'])
    await subject.pass(5000, 200)
    assert.deepEqual(subject.expired, ['memory', 'memory'])
  })

  it('is not replaced all the time when it needs more than that from its start', async (t) => {
    const subject = await watch(t, { maxMemoryBytes }, 150)
    await subject.pass(55_000, 150)
    assert.deepEqual(subject.expired, [])
    assert.match(
      subject.logger.lines[0]?.message ?? '',
      /150 % of max_memory right after its start: raise it/,
    )
    await subject.pass(5000, 150)
    assert.deepEqual(subject.expired, ['memory'])
  })
})

describe('a process with max_age', () => {
  it('is replaced when it is as old, give or take a tenth', async (t) => {
    for (const [chance, ms] of [
      [0, 90_000],
      [0.5, 100_000],
      [1, 110_000],
    ] as const) {
      const random = t.mock.method(FakeClock.prototype, 'random', () => chance)
      const subject = await watch(t, { maxAgeMs: 100_000 })
      await subject.pass(ms - 1, 10)
      assert.deepEqual(subject.expired, [])
      await subject.pass(1, 10)
      assert.deepEqual(subject.expired, ['age'])
      random.mock.restore()
    }
  })
})

describe('a process without limits', () => {
  it('is only measured', async (t) => {
    const subject = await watch(t, {})
    await subject.pass(600_000, 10_000)
    assert.deepEqual([subject.expired, subject.logger.lines], [[], []])
  })
})
