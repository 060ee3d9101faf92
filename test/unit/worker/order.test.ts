import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { startInOrder } from '../../../internal/worker/order.ts'
import { streamlit, uvicorn } from '../../fixtures/worker/configs.ts'
import { FakeWorker } from '../../fixtures/worker/fake-worker.ts'

function pair(): { readonly api: FakeWorker; readonly ui: FakeWorker } {
  const [api, ui] = [new FakeWorker('api'), new FakeWorker('ui')]
  startInOrder([
    { config: streamlit('/app', { after: ['api', 'elsewhere'] }), worker: ui },
    { config: uvicorn('/app'), worker: api },
  ])
  return { api, ui }
}

describe('a worker that is started after another', () => {
  it('waits until that is ready, and is started once', () => {
    const { api, ui } = pair()
    assert.deepEqual([api.calls, ui.calls], [['start'], []])
    api.become('backing-off')
    assert.deepEqual(ui.calls, [])
    api.become('ready')
    api.become('backing-off')
    api.become('ready')
    assert.deepEqual(ui.calls, ['start'])
  })

  it('does not wait for ever: it is started when that has failed', () => {
    const { api, ui } = pair()
    api.become('failed')
    assert.deepEqual(ui.calls, ['start'])
  })
})
