import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import { describeExit } from '../../../internal/worker/exit.ts'
import type { Bench } from '../../fixtures/worker/bench.ts'
import { begin, bench, boot, die, expectState, wait } from '../../fixtures/worker/bench.ts'

const mute = { ok: false, reason: 'no answer within 2000 ms', isSilent: true } as const
const aborted = describeExit(null, 'SIGABRT', { term: false, kill: false, abort: true })

/** A worker that is ready and then answers like this for a while. */
async function answering(
  t: TestContext,
  answer: typeof mute | { readonly ok: false; readonly reason: string },
  changes: Parameters<typeof bench>[1] & { readonly isBusy?: boolean } = {},
): Promise<Bench> {
  const subject = bench(t, changes)
  await begin(subject)
  await boot(subject)
  subject.current().isBusy = changes.isBusy ?? false
  subject.current().answer = answer
  for (let round = 0; round < 2; round += 1) await wait(subject, 5000)
  assert.equal(subject.current().wasAborted, false)
  expectState(subject, 'ready')
  await wait(subject, 5000)
  expectState(subject, 'unhealthy')
  return subject
}

describe('a Uvicorn worker that does not answer at all', () => {
  it('is asked where it hangs, and started again', async (t) => {
    const subject = await answering(t, mute)
    assert.equal(subject.current().wasAborted, true)
    subject.current().stuckAt = { place: 'main.py:42 in compute_report', stack: ['Fatal', 'File'] }
    await die(subject, aborted)
    const { last } = expectState(subject, 'backing-off')
    assert.equal(last.code, 'worker_hung')
    assert.equal(last.message, 'api was stuck at main.py:42 in compute_report')
    const line = subject.logger.lines.find(({ message }) => message.startsWith('worker hangs'))
    assert.equal(line?.message, 'worker hangs: api was stuck at main.py:42 in compute_report')
    assert.equal(line?.fields['stack'], 'Fatal\nFile')
    await wait(subject, 500)
    assert.deepEqual(subject.worker.restarts, { hang: 1 })
    assert.equal(subject.worker.deaths[0]?.code, 'worker_hung')
  })

  it('and does not say where it is, is started again all the same', async (t) => {
    const subject = await answering(t, mute)
    await die(subject, describeExit(null, 'SIGKILL', { term: false, kill: true, abort: true }))
    const { last } = expectState(subject, 'backing-off')
    assert.equal(last.message, 'api did not answer, nor say where it was')
  })

  it('is left alone while it is merely busy, and ended once it hangs', async (t) => {
    const subject = await answering(t, mute, { isBusy: true })
    await wait(subject, 5000)
    assert.equal(subject.current().wasAborted, false)
    subject.current().isBusy = false
    await wait(subject, 5000)
    assert.equal(subject.current().wasAborted, true)
  })

  it('is left alone in development: it may stand in a debugger', async (t) => {
    const subject = await answering(t, mute, { endsHangs: false })
    assert.equal(subject.current().wasAborted, false)
  })

  it('is left alone when it does answer, with an error', async (t) => {
    const subject = await answering(t, { ok: false, reason: 'status 500' })
    assert.equal(subject.current().wasAborted, false)
  })
})
