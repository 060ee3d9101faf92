import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answerAppHealth, answerHealth, readiness, type HealthView } from '../../../internal/health/health.ts'
import type { WorkerState } from '../../../internal/worker/types.ts'
import { json } from '../../support/http.ts'

const since = Date.UTC(2026, 0, 2, 3, 4, 5)
const ready: WorkerState = { kind: 'ready', generation: 1, pid: 1, address: null, since }
const starting: WorkerState = { kind: 'starting', generation: 1, attempt: 1, since }
const unhealthy: WorkerState = { ...ready, kind: 'unhealthy', reason: 'slow' }

const worker = (name: string, state: WorkerState, required = true) => ({ name, state, required })

test('ready while every required worker is', () => {
  const workers = [worker('api', ready), worker('ui', starting, false)]
  assert.deepEqual(readiness({ workers, draining: false }), {
    status: 'ready',
    workers: {
      api: { state: 'ready', since: '2026-01-02T03:04:05.000Z' },
      ui: { state: 'starting', since: '2026-01-02T03:04:05.000Z' },
    },
  })
})

for (const state of [starting, unhealthy]) {
  test(`a required worker that is ${state.kind} makes it not ready`, () => {
    const workers = [worker('api', ready), worker('ui', state)]
    assert.equal(readiness({ workers, draining: false }).status, 'not_ready')
  })
}

test('draining goes before everything else', () => {
  assert.equal(readiness({ workers: [worker('api', ready)], draining: true }).status, 'draining')
  assert.equal(readiness({ workers: [worker('api', starting)], draining: true }).status, 'draining')
})

test('19: alive does not depend on workers', () => {
  const answer = answerHealth('livez', { workers: [worker('api', starting)], draining: true })
  assert.deepEqual(answer, { status: 200, body: '{"status":"ok"}\n', retryAfterS: null })
})

test('readyz and healthz are the same', () => {
  const view = { workers: [worker('api', ready)], draining: false }
  assert.deepEqual(answerHealth('readyz', view), answerHealth('healthz', view))
  assert.equal(answerHealth('readyz', view)?.status, 200)
})

test('not ready is 503 with a time to come back and says who is not', () => {
  const answer = answerHealth('readyz', { workers: [worker('ui', starting)], draining: false })
  assert.deepEqual([answer?.status, answer?.retryAfterS], [503, 2])
  const said = json<{ workers: { ui: { state: string } } }>(answer?.body ?? '')
  assert.equal(said.workers.ui.state, 'starting')
})

test('there are no other endpoints', () => {
  for (const name of ['', 'metrics', 'Livez', 'constructor']) {
    assert.equal(answerHealth(name, { workers: [], draining: false }), null)
  }
})

test('an application object says what it always said', () => {
  const up = { workers: [worker('api', ready), worker('ui', ready)], draining: false }
  assert.equal(body('healthz', up), '{"status":"ok"}')
  assert.equal(body('readyz', up), '{"status":"ready","streamlit":"ok"}')
  assert.equal(body('metrics', up), undefined)
  const down = { workers: [worker('api', ready), worker('ui', starting)], draining: false }
  assert.equal(body('healthz', down), '{"status":"ok"}')
  assert.equal(answerAppHealth('readyz', down)?.status, 503)
  assert.equal(body('readyz', down), '{"status":"not_ready","detail":"ui is starting"}')
  assert.equal(body('readyz', { ...up, draining: true }), '{"status":"not_ready","detail":"draining"}')
})

function body(name: string, view: HealthView): string | undefined {
  return answerAppHealth(name, view)?.body.trim()
}
