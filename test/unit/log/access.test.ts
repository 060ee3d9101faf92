import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createAccessLog } from '../../../internal/log/access.ts'
import type { AccessRecord } from '../../../internal/log/access.ts'
import { AccessLines } from '../../../internal/log/access-line.ts'
import type { LogFields, Logger, LogLevel } from '../../../internal/log/types.ts'
import { json } from '../../support/http.ts'

/** A logger that keeps `level message` and the fields of every line. */
function keeping(enabled: boolean): Logger & { readonly lines: [string, LogFields][] } {
  const lines: [string, LogFields][] = []
  const keep = (level: LogLevel) => (fields: LogFields, message: string) =>
    void lines.push([`${level} ${message}`, fields])
  const logger: Logger = {
    trace: keep('trace'),
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    isEnabled: () => enabled,
    child: () => logger,
  }
  return { ...logger, lines }
}

const record: AccessRecord = {
  id: 'id',
  traceId: 'trace',
  kind: 'http',
  startedAt: 1_000,
  endedAt: 1_012.345,
  method: 'GET',
  path: '/a',
  hasQuery: true,
  user: null,
  client: '1.2.3.4',
  route: 'api',
  worker: 'api',
  status: 200,
  reason: 'ok',
  ttfbMs: 1.23456,
  bytesIn: 1,
  bytesOut: 2,
  heldMs: 0,
  cause: undefined,
}

test('a line has the fields of the contract and nothing of the query', () => {
  const logger = keeping(true)
  createAccessLog(logger, true)(record)
  const [[what, fields] = ['', {}]] = logger.lines
  assert.equal(what, 'info request')
  assert.deepEqual(fields, {
    duration_ms: 12.35,
    request_id: 'id',
    trace_id: 'trace',
    method: 'GET',
    path: '/a?[redacted]',
    route: 'api',
    worker: 'api',
    status: 200,
    ttfb_ms: 1.23,
    bytes_in: 1,
    bytes_out: 2,
    client: '1.2.3.4',
    reason: 'ok',
  })
})

test('sockets and waits are marked, unanswered requests have no first byte', () => {
  const logger = keeping(true)
  createAccessLog(logger, true)({ ...record, kind: 'websocket', heldMs: 2, ttfbMs: null, hasQuery: false })
  const fields = logger.lines[0]?.[1] ?? {}
  assert.deepEqual(
    [fields['websocket'], fields['held_ms'], fields['ttfb_ms'], fields['path']],
    [true, 2, null, '/a'],
  )
})

test('a failure of the gateway is explained, also when access lines are off', () => {
  const logger = keeping(true)
  const cause = Object.assign(new Error('read'), { code: 'ECONNRESET' })
  createAccessLog(logger, false)({ ...record, status: 502, reason: 'upstream_failed', cause })
  assert.deepEqual(logger.lines, [
    [
      'warn request failed',
      { request_id: 'id', worker: 'api', reason: 'upstream_failed', error: 'read (ECONNRESET)' },
    ],
  ])
})

test("a worker's own 500 is no failure of the gateway", () => {
  const logger = keeping(true)
  createAccessLog(logger, false)({ ...record, status: 500, cause: new Error('x') })
  assert.deepEqual(logger.lines, [])
})

test('below the level nothing is built', () => {
  const logger = keeping(false)
  createAccessLog(logger, true)(record)
  assert.deepEqual(logger.lines, [])
})

test('of a target that is no path, who the client claims to be is not written', () => {
  const paths = ['http://me:pw@host/a', 'me:p@w@host:443', 'http://host/a', '*']
  const logger = keeping(true)
  for (const path of paths) createAccessLog(logger, true)({ ...record, path, hasQuery: false })
  const written = logger.lines.map(([, fields]) => fields['path'])
  assert.deepEqual(written, ['http://[redacted]@host/a', '[redacted]@host:443', 'http://host/a', '*'])
})

test('a logger of JSON gets the same record as text', () => {
  const odd: AccessRecord[] = [
    record,
    { ...record, kind: 'websocket', heldMs: 2.345, ttfbMs: null, worker: null, hasQuery: false },
    { ...record, path: '/"quoted"\\\x7f', client: 'ü\x9b', method: '', hasQuery: false },
    { ...record, path: 'http://user:word@host/', route: 'none', reason: 'bad_target', status: 400 },
  ]
  for (const one of odd) {
    const told = keeping(true)
    createAccessLog(told, true)(one)
    const lines: string[] = []
    createAccessLog({ ...keeping(true), json: { writeSoon: (line) => void lines.push(line) } }, true)(one)
    const [line = ''] = lines
    assert.doesNotMatch(line.slice(0, -1), /[\x00-\x1f\x7f-\x9f]/)
    const { time, level, msg, ...fields } = json<Record<string, unknown>>(line)
    assert.deepEqual([level, msg, fields], ['info', 'request', told.lines[0]?.[1]])
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
})

test('durations of any size are written as numbers with two digits behind the point', () => {
  const lines = new AccessLines()
  for (const ms of [
    0, 0.004, 0.005, 0.01, 0.1, 0.999, 1, 9.99, 10.05, 99.999, 123_456.78, 3e7, 1e12, 1.5e15,
  ]) {
    const told = json<{ duration_ms: number }>(lines.line({ ...record, startedAt: 0, endedAt: ms }, 0))
    assert.equal(told.duration_ms, Math.round(ms * 100) / 100, String(ms))
  }
})

test('a text of the line before does not stay in the next one', () => {
  const lines = new AccessLines()
  const paths = ['/a', '/a', '/"b"', '/a', '/"b"', '']
  const written = paths.map((path) => json<{ path: string }>(lines.line({ ...record, path }, 0)).path)
  assert.deepEqual(
    written,
    paths.map((path) => `${path}?[redacted]`),
  )
})

test('the time of a line is right across seconds', () => {
  const lines = new AccessLines()
  const times = [0, 7, 1_234, 1_050, 86_399_999, 1_795_910_400_012]
  for (const now of times)
    assert.equal(json<{ time: string }>(lines.line(record, now)).time, new Date(now).toISOString())
})

test('a worker that is left out has no lines but those of failures', () => {
  const logger = keeping(true)
  const log = createAccessLog(logger, true, ['assets'])
  log({ ...record, route: 'assets' })
  log(record)
  log({ ...record, route: 'assets', status: 502, reason: 'upstream_failed', cause: new Error('gone') })
  assert.deepEqual(
    logger.lines.map(([line]) => line),
    ['info request', 'warn request failed'],
  )
})
