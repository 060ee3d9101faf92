import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isStatusReport } from '../../../internal/admin/shape.ts'
import { makeStatusReport, type GatewayFacts, type WorkerFacts } from '../../../internal/admin/status.ts'
import type { WorkerState } from '../../../internal/worker/types.ts'

const gateway: GatewayFacts = {
  version: '1.2.3',
  url: 'http://127.0.0.1:8000',
  instance: '/srv/fluxlit.toml',
  sources: ['fluxlit.toml'],
  startedAt: 0,
  uptimeMs: 61_999,
  draining: false,
  maintenance: () => null,
  traffic: () => traffic,
}

const traffic = { requests_per_s: 2, errors_per_s: 0, p50_ms: 1, p90_ms: 2, p99_ms: 3 }

function facts(name: string, state: WorkerState): WorkerFacts {
  return {
    worker: { name, required: true, spawned: true, state, lastLines: ['hello'] },
    kind: 'uvicorn',
    mount: '/api',
    restarts: 2,
    deaths: [{ time: '1970-01-01T00:00:30.000Z', uptime_s: 3, cause: 'exit status 1' }],
    history: [{ time: '1970-01-01T00:00:01.000Z', state: 'ready', generation: 3 }],
    in_flight: 4,
    websockets: 5,
    memory_bytes: 7,
    sessions_lost: 6,
  }
}

const ready: WorkerState = {
  kind: 'ready',
  generation: 3,
  pid: 42,
  address: { kind: 'tcp', host: '::1', port: 81 },
  since: 1000,
}

test('the report of a ready gateway has these fields and no others', () => {
  assert.deepEqual(makeStatusReport(gateway, [facts('api', ready)]), {
    gateway: {
      version: '1.2.3',
      pid: process.pid,
      url: 'http://127.0.0.1:8000',
      uptime_s: 61,
      state: 'ready',
      instance: '/srv/fluxlit.toml',
      config: ['fluxlit.toml'],
      started_at: '1970-01-01T00:00:00.000Z',
    },
    workers: {
      api: {
        kind: 'uvicorn',
        state: 'ready',
        since: '1970-01-01T00:00:01.000Z',
        reason: null,
        generation: 3,
        pid: 42,
        address: '[::1]:81',
        spawned: true,
        required: true,
        mount: '/api',
        restarts: 2,
        deaths: [{ time: '1970-01-01T00:00:30.000Z', uptime_s: 3, cause: 'exit status 1' }],
        history: [{ time: '1970-01-01T00:00:01.000Z', state: 'ready', generation: 3 }],
        last_lines: ['hello'],
        in_flight: 4,
        websockets: 5,
        traffic,
        memory_bytes: 7,
        sessions_lost: 6,
        maintenance: null,
      },
    },
  })
})

const problem = { code: 'worker_exited', message: 'exit status 1' }
const states: readonly [WorkerState, string | null][] = [
  [{ kind: 'starting', generation: 1, attempt: 1, since: 0 }, null],
  [{ ...ready, kind: 'unhealthy', reason: 'no answer' }, 'no answer'],
  [{ kind: 'backing-off', generation: 1, attempt: 1, since: 0, delayMs: 1, last: problem }, 'exit status 1'],
  [{ kind: 'failed', generation: 1, since: 0, reason: problem, retrying: true }, 'exit status 1'],
  [{ kind: 'draining', generation: 1, since: 0 }, null],
  [{ kind: 'stopped', since: 0 }, null],
]

for (const [state, reason] of states) {
  test(`a worker that is ${state.kind} makes the gateway not ready and says why`, () => {
    const report = makeStatusReport(gateway, [facts('api', state)])
    assert.equal(report.gateway.state, 'not_ready')
    assert.deepEqual([report.workers['api']?.state, report.workers['api']?.reason], [state.kind, reason])
  })

  test(`the report of a worker that is ${state.kind} is recognised after its way as JSON`, () => {
    const value: unknown = JSON.parse(JSON.stringify(makeStatusReport(gateway, [facts('api', state)])))
    assert.ok(isStatusReport(value))
  })
}

test('a draining gateway says so, whatever its workers do', () => {
  const report = makeStatusReport({ ...gateway, draining: true }, [facts('api', ready)])
  assert.equal(report.gateway.state, 'draining')
})

test('a report with a field missing or of another type is not one; more fields do no harm', () => {
  const report = makeStatusReport(gateway, [facts('api', ready)])
  const api = report.workers['api']
  assert.equal(isStatusReport({ ...report, workers: { api: { ...api, restarts: '2' } } }), false)
  assert.equal(isStatusReport({ ...report, workers: { api: { ...api, deaths: [{}] } } }), false)
  assert.equal(isStatusReport({ workers: {} }), false)
  assert.equal(isStatusReport({ ...report, workers: { api: { ...api, new_field: 1 } } }), true)
})

test('a worker whose clients are told that it is worked on says so; one without a mount has none', () => {
  const notice = { message: 'Noon.', since: '1970-01-01T00:00:00.000Z' }
  const all = [facts('api', ready), { ...facts('queue', ready), mount: null }]
  const { workers } = makeStatusReport({ ...gateway, maintenance: () => notice }, all)
  assert.deepEqual([workers['api']?.maintenance, workers['queue']?.maintenance], [notice, null])
})
