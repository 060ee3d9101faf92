import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { settled } from '../../../internal/app/settled.ts'
import { ReplicaSet } from '../../../internal/worker/replica-set.ts'
import { FakeWorker } from '../../fixtures/worker/fake-worker.ts'

describe('a worker that was started has settled', () => {
  it('with nothing to say when it answers', async () => {
    const worker = new FakeWorker('api')
    const outcome = settled(worker)
    worker.start()
    worker.become('ready')
    assert.equal(await outcome, null)
  })

  for (const kind of ['backing-off', 'failed'] as const) {
    it(`with the reason when it is ${kind}`, async () => {
      const worker = new FakeWorker('api')
      const outcome = settled(worker)
      worker.start()
      worker.become(kind)
      assert.equal((await outcome)?.code, 'worker_died')
    })
  }

  it('when it is stopped, but not before it was started', async () => {
    const worker = new FakeWorker('api')
    const outcome = settled(worker)
    worker.start()
    worker.become('stopped')
    assert.equal((await outcome)?.code, 'stopped')
  })

  it('only when all its replicas have', async () => {
    const [one, two] = [new FakeWorker('api.1'), new FakeWorker('api.2')]
    const set = new ReplicaSet({ name: 'api', required: true }, [one, two])
    const outcome = settled(set)
    set.start()
    one.become('ready')
    assert.equal(set.state.kind, 'ready')
    two.become('backing-off')
    assert.equal((await outcome)?.code, 'worker_died')
  })
})
