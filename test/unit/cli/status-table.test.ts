import assert from 'node:assert/strict'
import { test } from 'node:test'

import { plain, renderStatus, spanText } from '../../../internal/cli/status-table.ts'
import { reportOf } from '../../fixtures/admin/target.ts'

const now = Date.parse('2026-01-02T05:04:05.000Z')

test('the table has a line for each worker, and below it what is wrong', () => {
  const report = reportOf({
    api: {
      in_flight: 3,
      restarts: 1,
      generation: 2,
      traffic: { requests_per_s: 12.5, errors_per_s: 0, p50_ms: 1.2, p90_ms: 3, p99_ms: 7.5 },
      memory_bytes: 120 * 1024 * 1024,
    },
    ui: {
      kind: 'streamlit',
      state: 'failed',
      reason: 'exit status 1',
      pid: null,
      mount: '/',
      required: false,
      sessions_lost: 2,
      deaths: [{ time: '2026-01-02T05:03:55.000Z', uptime_s: 75, cause: 'exit status 1' }],
      last_lines: ['1', '2', '3', '4', '5', '\x1b[31mImportError\x1b[0m'],
    },
  })
  assert.equal(
    renderStatus(report, { colour: false, now }),
    `fluxlit 1.2.3  ready  http://127.0.0.1:8000
pid ${process.pid}, up 2h 3m, /srv/app/fluxlit.toml

WORKER         STATE   FOR     PID  GEN  RESTARTS  REQUESTS  SOCKETS  MOUNT
api            ready   2h 0m  4720    2         1         3        0  /api
  last minute: requests 12.5/s, errors 0/s; p50 1.2 ms, p90 3 ms, p99 7.5 ms; memory 120 MiB
ui (optional)  failed  2h 0m     -    1         0         0        0  /
  exit status 1
  last death 10s ago, after 1m 15s: exit status 1
  Streamlit sessions lost: 2
  | 2
  | 3
  | 4
  | 5
  | ImportError
`,
  )
})

test('colours change nothing but the colours', () => {
  const report = reportOf({ api: {}, ui: { state: 'failed', reason: 'x' } })
  const coloured = renderStatus(report, { colour: true, now })
  assert.match(coloured, /\x1b\[32mready/)
  assert.match(coloured, /\x1b\[31mfailed/)
  assert.equal(plain(coloured), renderStatus(report, { colour: false, now }))
})

test('text from elsewhere cannot move the cursor, ring or change colours', () => {
  assert.equal(plain('a\x1b[2Jb\x07c\x9bd\re\tf'), 'abcde\tf')
})

test('spans have their two largest units', () => {
  const spans = [-1, 0, 59.9, 60, 3599, 3600, 86_399, 86_400, 200_000].map(spanText)
  assert.deepEqual(spans, ['0s', '0s', '59s', '1m 0s', '59m 59s', '1h 0m', '23h 59m', '1d 0h', '2d 7h'])
})
