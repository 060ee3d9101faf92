import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { describeExit } from '../../../internal/worker/exit.ts'
import { begin, bench, boot, die, expectState, unready, wait } from '../../fixtures/worker/bench.ts'

describe('a worker that starts', () => {
  it('is ready when its process answers', async (t) => {
    const subject = bench(t)
    await begin(subject)
    assert.equal(expectState(subject, 'starting').attempt, 1)
    await boot(subject)
    const { pid, address, generation } = expectState(subject, 'ready')
    assert.deepEqual([pid, address, generation], [101, { kind: 'unix', path: '/s1' }, 1])
    assert.equal(subject.worker.everReady, true)
  })

  it('is started once, however often that is asked', async (t) => {
    const subject = bench(t)
    subject.worker.start()
    subject.worker.start()
    await subject.settle()
    assert.equal(subject.started.length, 1)
  })

  it('is tried boot_attempts times and then has failed for good', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject, unready)
    assert.equal(expectState(subject, 'backing-off').delayMs, 500)
    await wait(subject, 500)
    assert.equal(expectState(subject, 'starting').attempt, 2)
    await boot(subject, unready)
    await wait(subject, 1000)
    await boot(subject, unready)
    assert.equal(expectState(subject, 'failed').retrying, false)
    assert.equal(subject.worker.everReady, false)
    assert.deepEqual(subject.clock.pending, [])
  })

  it('is not tried again when that is pointless', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject, { ...unready, permanent: true })
    assert.equal(expectState(subject, 'failed').generation, 1)
  })

  it('fails with the problem that keeps it from being started at all', async (t) => {
    const refuse = { code: 'module_missing', message: 'no uvicorn' }
    const subject = bench(t, { refuse })
    await begin(subject)
    assert.deepEqual(expectState(subject, 'failed').reason, refuse)
  })

  it('11: gets another port at once when it lost its own, without that counting', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject, { ...unready, portLost: true })
    assert.equal(subject.started.length, 2)
    assert.equal(expectState(subject, 'starting').attempt, 1)
    await boot(subject, { ...unready, portLost: true })
    assert.equal(expectState(subject, 'backing-off').attempt, 2)
  })

  it('is tried on every backoff_max when the gateway stays up without it', async (t) => {
    const subject = bench(t, { policy: { bootAttempts: 1 } })
    await begin(subject)
    await boot(subject, unready)
    subject.worker.keepTrying()
    subject.worker.keepTrying()
    assert.equal(expectState(subject, 'failed').retrying, true)
    assert.deepEqual(subject.clock.pending, [30_000])
    await wait(subject, 30_000)
    await boot(subject, unready)
    assert.equal(expectState(subject, 'failed').retrying, true)
    await wait(subject, 30_000)
    await boot(subject)
    expectState(subject, 'ready')
  })
})

describe('a worker that was ready', () => {
  it('is started again after a wait that grows', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject)
    await die(subject)
    const { delayMs, last } = expectState(subject, 'backing-off')
    assert.equal(delayMs, 500)
    assert.deepEqual(last.detail, ['a last line'])
    assert.deepEqual(subject.worker.lastLines, ['a last line'])
    await wait(subject, 500)
    await boot(subject)
    await die(subject)
    assert.equal(expectState(subject, 'backing-off').delayMs, 1000)
  })

  it('has failed when it dies too often, and is tried on', async (t) => {
    const subject = bench(t, { policy: { crashCount: 2 } })
    await begin(subject)
    await boot(subject)
    await die(subject)
    await wait(subject, 500)
    await boot(subject)
    await die(subject)
    const { retrying, reason } = expectState(subject, 'failed')
    assert.equal(retrying, true)
    assert.equal(reason.code, 'worker_crash_loop')
    assert.match(reason.message, /died 2 times/)
    await wait(subject, 30_000)
    expectState(subject, 'starting')
  })

  it('has failed for good when its failure is to end the gateway', async (t) => {
    const subject = bench(t, { policy: { crashCount: 1 }, run: { onFailure: 'exit' } })
    await begin(subject)
    await boot(subject)
    await die(subject)
    assert.equal(expectState(subject, 'failed').retrying, false)
    subject.worker.keepTrying()
    assert.equal(expectState(subject, 'failed').retrying, false)
  })

  it('is backed off from, not given up, when it does not come back at once', async (t) => {
    const subject = bench(t, { policy: { bootAttempts: 1 } })
    await begin(subject)
    await boot(subject)
    await die(subject)
    await wait(subject, 500)
    await boot(subject, { ...unready, permanent: true })
    expectState(subject, 'backing-off')
  })

  it('is started at once after an end that was planned', async (t) => {
    const subject = bench(t, { run: { args: ['--limit-max-requests', '10'] }, policy: { crashCount: 1 } })
    await begin(subject)
    await boot(subject)
    await die(subject, describeExit(0, null, { term: false, kill: false }))
    assert.equal(expectState(subject, 'backing-off').delayMs, 0)
    await wait(subject, 0)
    expectState(subject, 'starting')
  })

  it('is unhealthy while it does not answer, and ready when it does again', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject)
    subject.current().answer = { ok: false, reason: 'silence' }
    for (let round = 0; round < 3; round += 1) await wait(subject, 5000)
    assert.equal(expectState(subject, 'unhealthy').reason, 'silence')
    subject.current().answer = { ok: true }
    await wait(subject, 5000)
    assert.equal(expectState(subject, 'ready').generation, 1)
  })
})

describe('a worker that is closed', () => {
  it('drains, stops and starts nothing any more', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject)
    await subject.worker.close()
    assert.deepEqual(subject.history, ['starting', 'ready', 'draining', 'stopped'])
    subject.worker.start()
    await subject.settle()
    assert.equal(subject.started.length, 1)
    assert.deepEqual(subject.clock.pending, [])
  })

  it('while it waits for its next start does not start', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject)
    await die(subject)
    await subject.worker.close()
    await wait(subject, 60_000)
    assert.equal(subject.started.length, 1)
    expectState(subject, 'stopped')
  })

  it('while it starts stops its process', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await subject.worker.close()
    assert.deepEqual(subject.history, ['starting', 'draining', 'stopped'])
  })

  it('before its process exists ends it as soon as it does', async (t) => {
    const subject = bench(t)
    subject.worker.start()
    await subject.worker.close()
    assert.equal(subject.current().wasDestroyed, true)
    expectState(subject, 'stopped')
  })

  it('twice is closed once', async (t) => {
    const subject = bench(t)
    await begin(subject)
    assert.equal(subject.worker.close(), subject.worker.close())
  })

  it('by destroy kills its process at once', async (t) => {
    const subject = bench(t)
    await begin(subject)
    await boot(subject)
    subject.worker.destroy()
    assert.equal(subject.current().wasDestroyed, true)
    await subject.settle()
    expectState(subject, 'stopped')
  })
})
