import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { bringUp } from '../../../internal/app/bring-up.ts'
import type { Member } from '../../../internal/app/fleet.ts'
import type { WorkerConfig } from '../../../internal/config/config.ts'
import { History } from '../../../internal/worker/history.ts'
import { process, uvicorn } from '../../fixtures/worker/configs.ts'
import { FakeWorker } from '../../fixtures/worker/fake-worker.ts'

interface Subject {
  readonly api: FakeWorker
  readonly queue: FakeWorker
  readonly members: readonly Member[]
  readonly lines: string[]
}

/** `queue` is to come after `api`, and stands before it in the file. */
function pair(): Subject {
  const [api, queue] = [new FakeWorker('api'), new FakeWorker('queue')]
  const members = [
    member(process('/app', ['sleep', '1'], { after: ['api'] }), queue),
    member(uvicorn('/app'), api),
  ]
  return { api, queue, members, lines: [] }
}

function member(config: WorkerConfig, worker: FakeWorker): Member {
  return { config, worker, backend: null, history: new History(), realCwd: null }
}

describe('bringing workers up', () => {
  it('takes as long as the last of them', async () => {
    const { api, queue, members, lines } = pair()
    const outcome = bringUp(members, (line) => lines.push(line))
    assert.deepEqual(queue.calls, [])
    api.become('ready')
    assert.deepEqual(queue.calls, ['start'])
    queue.become('ready')
    assert.deepEqual(await outcome, [])
    assert.deepEqual(lines, ['queue: starting', 'api: starting', 'api: ready', 'queue: ready'])
  })

  it('does not wait for one that is to come after one that failed', async () => {
    const { api, queue, members } = pair()
    const outcome = bringUp(members, () => undefined)
    api.become('backing-off')
    assert.deepEqual(
      (await outcome).map(({ code }) => code),
      ['worker_died'],
    )
    assert.deepEqual(queue.calls, [])
  })

  it('waits for one that was ready under another configuration before', async () => {
    const { api, queue, members } = pair()
    api.everReady = true
    const outcome = bringUp(members, () => undefined)
    assert.deepEqual(queue.calls, [])
    api.become('ready')
    queue.become('ready')
    assert.deepEqual(await outcome, [])
  })
})
