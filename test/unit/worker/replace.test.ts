import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { ReplaceOutcome } from '../../../internal/worker/types.ts'
import type { Bench, FakeGeneration } from '../../fixtures/worker/bench.ts'
import { begin, bench, boot, crash, die, expectState, unready, wait } from '../../fixtures/worker/bench.ts'

const importError = {
  ...unready,
  problem: { code: 'app_import_failed', message: 'no module named x', detail: ['Traceback', 'x'] },
}

async function ready(t: TestContext, changes: Parameters<typeof bench>[1] = {}): Promise<Bench> {
  const subject = bench(t, changes)
  await begin(subject)
  await boot(subject)
  return subject
}

/** Asks for a replacement; its process exists afterwards. */
async function replace(
  subject: Bench,
  lines: string[] = [],
): Promise<{ readonly outcome: Promise<ReplaceOutcome> }> {
  const outcome = subject.worker.replace({ reason: 'restart', progress: (line) => lines.push(line) })
  await subject.settle()
  return { outcome }
}

function process(subject: Bench, number: number): FakeGeneration {
  return subject.started[number - 1] ?? assert.fail(`generation ${number} was not started`)
}

function serves(subject: Bench): number {
  return expectState(subject, 'ready').generation
}

describe('a worker that is replaced', () => {
  it('is served by the old process until the new one answers, and by the new one then', async (t) => {
    const subject = await ready(t)
    await replace(subject)
    assert.equal(serves(subject), 1)
    await boot(subject)
    assert.equal(serves(subject), 2)
    assert.deepEqual(subject.worker.addresses, [{ kind: 'unix', path: '/s2' }])
    assert.deepEqual(subject.history, ['starting', 'ready', 'ready'])
  })

  it('keeps the old process until the new one has lived for a while, and nothing is in flight to it', async (t) => {
    const subject = await ready(t, { holdsRetiring: true })
    const lines: string[] = []
    const { outcome } = await replace(subject, lines)
    await boot(subject)
    await wait(subject, 4999)
    assert.equal(subject.retiring.length, 0)
    await wait(subject, 1)
    assert.deepEqual(
      subject.retiring.map(({ path }) => path),
      ['/s1'],
    )
    assert.equal(process(subject, 1).wasStopped, false)
    subject.retiring[0]?.done()
    assert.deepEqual(await outcome, { ok: true, generation: 2 })
    assert.equal(process(subject, 1).wasStopped, true)
    assert.deepEqual(subject.worker.restarts, { restart: 1 })
    assert.deepEqual(subject.worker.deaths, [])
    assert.deepEqual(lines, [
      'api: generation 2 is starting',
      'api: generation 2 is ready',
      'api: generation 1 has ended',
    ])
  })

  it('goes on with the old process when the new one does not start, and says why', async (t) => {
    const subject = await ready(t)
    const { outcome } = await replace(subject)
    await boot(subject, importError)
    assert.deepEqual(await outcome, { ok: false, problem: importError.problem })
    assert.equal(serves(subject), 1)
    assert.equal(process(subject, 1).wasStopped, false)
    assert.deepEqual(subject.worker.restarts, {})
    assert.equal(subject.worker.deaths[0]?.code, 'app_import_failed')
    assert.deepEqual(subject.history, ['starting', 'ready'])
  })

  it('goes back to the old process when the new one ends soon after it was ready', async (t) => {
    const subject = await ready(t)
    const { outcome } = await replace(subject)
    await boot(subject)
    await wait(subject, 3000)
    await die(subject)
    const result = await outcome
    assert.ok(!result.ok)
    assert.equal(result.problem.message, 'worker api ended: exit status 1')
    assert.deepEqual(result.problem.detail, ['a last line'])
    assert.equal(serves(subject), 1)
    assert.deepEqual(subject.worker.addresses, [{ kind: 'unix', path: '/s1' }])
    assert.deepEqual(subject.history, ['starting', 'ready', 'ready', 'ready'])
    // The old one is watched again.
    process(subject, 1).answer = { ok: false, reason: 'silence' }
    for (let round = 0; round < 3; round += 1) await wait(subject, 5000)
    expectState(subject, 'unhealthy')
  })

  it('is not lost when the old process ends while the new one starts', async (t) => {
    const subject = await ready(t)
    const { outcome } = await replace(subject)
    process(subject, 1).ending.resolve(crash)
    await subject.settle()
    assert.equal(expectState(subject, 'starting').generation, 2)
    await boot(subject)
    assert.equal(serves(subject), 2)
    assert.deepEqual(await outcome, { ok: true, generation: 2 })
    assert.equal(subject.started.length, 2)
  })

  it('is backed off from when both end', async (t) => {
    const subject = await ready(t)
    const { outcome } = await replace(subject)
    process(subject, 1).ending.resolve(crash)
    await subject.settle()
    await boot(subject, importError)
    assert.equal((await outcome).ok, false)
    expectState(subject, 'backing-off')
    await wait(subject, 30_000)
    await boot(subject)
    assert.equal(serves(subject), 3)
  })

  it('is backed off from when the new process ends soon and the old one has ended before', async (t) => {
    const subject = await ready(t)
    const { outcome } = await replace(subject)
    await boot(subject)
    process(subject, 1).ending.resolve(crash)
    await subject.settle()
    assert.equal(serves(subject), 2)
    await die(subject)
    assert.equal((await outcome).ok, false)
    expectState(subject, 'backing-off')
  })

  it('twice at the same time is replaced twice, and a third wish shares the second', async (t) => {
    const subject = await ready(t)
    const first = subject.worker.replace({ reason: 'restart' })
    const second = subject.worker.replace({ reason: 'restart' })
    const third = subject.worker.replace({ reason: 'restart' })
    for (const _ of [2, 3]) {
      await subject.settle()
      await boot(subject)
      await wait(subject, 5000)
    }
    assert.deepEqual(await first, { ok: true, generation: 2 })
    assert.deepEqual(await second, { ok: true, generation: 3 })
    assert.deepEqual(await third, { ok: true, generation: 3 })
    assert.equal(subject.started.length, 3)
  })

  it('while it waits for its next start is started at once', async (t) => {
    const subject = await ready(t)
    await die(subject)
    expectState(subject, 'backing-off')
    const { outcome } = await replace(subject)
    expectState(subject, 'starting')
    await boot(subject)
    assert.deepEqual(await outcome, { ok: true, generation: 2 })
    await wait(subject, 60_000)
    assert.equal(subject.started.length, 2)
  })

  it('while it starts is started anew, because what it read may have changed', async (t) => {
    const subject = bench(t)
    await begin(subject)
    const { outcome } = await replace(subject)
    assert.equal(process(subject, 1).wasStopped, true)
    await boot(subject)
    assert.deepEqual(await outcome, { ok: true, generation: 2 })
    assert.deepEqual(subject.worker.deaths, [])
  })

  it('before it was started is not started by that', async (t) => {
    const subject = bench(t)
    const outcome = await subject.worker.replace({ reason: 'restart' })
    assert.ok(!outcome.ok)
    assert.equal(outcome.problem.code, 'worker_not_started')
    assert.equal(subject.started.length, 0)
  })

  for (const moment of ['starting', 'on trial', 'retiring'] as const) {
    it(`and closed while the new process is ${moment} leaves none of them behind`, async (t) => {
      const subject = await ready(t, { holdsRetiring: true })
      const { outcome } = await replace(subject)
      if (moment !== 'starting') await boot(subject)
      if (moment === 'retiring') await wait(subject, 5000)
      await subject.worker.close()
      assert.equal((await outcome).ok, false)
      assert.deepEqual(
        subject.started.map(({ wasStopped }) => wasStopped),
        [true, true],
      )
      expectState(subject, 'stopped')
    })
  }
})

describe('a worker that cannot run twice', () => {
  const stopFirst = { run: { replace: 'stop-first' } } as const

  it('is ended before its successor is started, and requests wait meanwhile', async (t) => {
    const subject = await ready(t, { ...stopFirst, holdsRetiring: true })
    const { outcome } = await replace(subject)
    expectState(subject, 'starting')
    assert.equal(subject.started.length, 1)
    assert.equal(process(subject, 1).wasStopped, false)
    subject.retiring[0]?.done()
    await subject.settle()
    assert.equal(process(subject, 1).wasStopped, true)
    await boot(subject)
    assert.deepEqual(await outcome, { ok: true, generation: 2 })
    assert.deepEqual(subject.worker.restarts, { restart: 1 })
  })

  it('is tried again when its successor does not start', async (t) => {
    const subject = await ready(t, stopFirst)
    const { outcome } = await replace(subject)
    await boot(subject, importError)
    assert.deepEqual(await outcome, { ok: false, problem: importError.problem })
    expectState(subject, 'backing-off')
    await wait(subject, 500)
    await boot(subject)
    assert.equal(serves(subject), 3)
  })
})
