import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { History } from '../../../internal/worker/history.ts'
import { FakeWorker } from '../../fixtures/worker/fake-worker.ts'
import { FakeClock } from '../../fixtures/worker/fakes.ts'

const problem = { code: 'worker_died', message: 'it ended' }

describe('the history of a worker', () => {
  it('is that of all its processes, also of those there are no more', () => {
    const clock = new FakeClock()
    const history = new History(clock)
    history.tally('api.2').died({ number: 1, startedAt: 0 }, problem)
    clock.advance(1000)
    history.tally('api').died({ number: 4, startedAt: 0 }, problem)
    clock.advance(1000)
    history.tally('api.2').died({ number: 2, startedAt: 0 }, problem)
    for (const name of ['api', 'api.2', 'api.2']) history.tally(name).restarted('crash')
    assert.deepEqual(
      history.deaths.map(({ generation }) => generation),
      [1, 4, 2],
    )
    assert.equal(history.restarts, 3)
  })

  it('tells the states of the worker it follows, and of no other', () => {
    const history = new History(new FakeClock())
    const [old, next] = [new FakeWorker('api'), new FakeWorker('api')]
    history.follow(old)
    old.start()
    old.become('ready')
    next.start()
    next.become('ready')
    history.follow(next)
    history.follow(next)
    old.become('stopped')
    next.become('unhealthy')
    assert.deepEqual(
      history.changes.map(({ state }) => state),
      ['starting', 'ready', 'ready', 'unhealthy'],
    )
    assert.deepEqual(history.changes[0], {
      time: '1970-01-01T00:00:00.001Z',
      state: 'starting',
      generation: 1,
    })
  })

  it('keeps the last hundred states', () => {
    const history = new History(new FakeClock())
    const worker = new FakeWorker('api')
    history.follow(worker)
    worker.become('starting')
    for (let count = 0; count < 50; count += 1) {
      worker.become('ready')
      worker.become('unhealthy')
    }
    assert.deepEqual([history.changes.length, history.changes[0]?.state], [100, 'ready'])
  })
})
