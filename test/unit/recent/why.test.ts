import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RecentRequests } from '../../../internal/recent/recent.ts'
import { Tracebacks } from '../../../internal/recent/tracebacks.ts'
import { why, type WhyParts } from '../../../internal/recent/why.ts'

function parts(own: Partial<WhyParts> = {}): WhyParts {
  return {
    recent: new RecentRequests(5),
    size: 5,
    tracebacks: new Tracebacks(),
    open: () => [],
    rule: (worker) => `mount /${worker}`,
    events: () => [],
    ...own,
  }
}

function end(recent: RecentRequests, own: Readonly<Record<string, unknown>> = {}): void {
  recent.ended({
    id: 'x',
    kind: 'http',
    method: 'GET',
    path: '/',
    hasQuery: false,
    client: '::1',
    route: 'api',
    worker: 'api',
    generation: 1,
    upstream: null,
    attempts: 1,
    status: 502,
    reason: 'upstream_failed',
    startedAt: performance.now() - 1_000,
    endedAt: performance.now(),
    ttfbMs: null,
    heldMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    cause: undefined,
    ...own,
  })
}

test('what happened to the worker and what it printed meanwhile stands beside the request', () => {
  const now = Date.now()
  const at = (ms: number): string => new Date(now + ms).toISOString()
  const tracebacks = new Tracebacks()
  tracebacks.heard({ worker: 'api.2', text: 'Traceback (most recent call last):\nValueError: x' })
  tracebacks.heard({ worker: 'ui', text: 'Traceback (most recent call last):\nof another worker' })
  tracebacks.heard({ worker: 'api', text: 'INFO: all is well' })
  const events = [
    { time: at(200), text: 'worker api ended: exit status 3' },
    { time: at(100), text: 'backing-off' },
    { time: at(-60_000), text: 'long ago' },
    { time: at(60_000), text: 'much later' },
  ]
  const given = parts({ tracebacks, events: () => events })
  end(given.recent)
  const report = why('x', given)
  assert.equal(report.kind, 'ended')
  if (report.kind !== 'ended') return
  assert.equal(report.rule, 'mount /api')
  assert.equal(
    report.summary,
    '502 by the gateway, upstream_failed: The application ended the connection before it answered.',
  )
  assert.deepEqual(
    report.worker_events.map(({ text }) => text),
    ['backing-off', 'worker api ended: exit status 3'],
  )
  assert.deepEqual(
    report.tracebacks.map(({ worker, text }) => [worker, text.split('\n').at(-1)]),
    [['api.2', 'ValueError: x']],
  )
})

function summary(own: Readonly<Record<string, unknown>>): string {
  const given = parts()
  end(given.recent, own)
  const report = why('x', given)
  return report.kind === 'ended' ? report.summary : report.kind
}

test('the summary says who answered', () => {
  assert.match(summary({ status: 500, reason: 'ok' }), /^500 by the worker itself/)
  assert.equal(summary({ status: 404, reason: 'ok' }), '404 by the worker')
  assert.equal(summary({ status: 307, reason: 'ok', worker: null }), '307, answered by the gateway itself')
  assert.equal(
    summary({ status: 101, reason: 'websocket_closed_by_worker', kind: 'websocket' }),
    'a WebSocket that ended: websocket closed by worker',
  )
})

test('a WebSocket that is open is told as that, and what is not known with how far back the memory goes', () => {
  const socket = { id: 'open', route: 'ui', client: '::1', startedAt: 0 }
  const given = parts({ open: () => [socket] })
  assert.equal(why('open', given).kind, 'open')
  assert.deepEqual(why('x', given), {
    kind: 'unknown',
    request_id: 'x',
    reach: { failed: null, refused: null, answered: null },
    size: 5,
  })
})

test('of a long traceback its end is kept, and of many the last ones', () => {
  const tracebacks = new Tracebacks()
  for (let number = 0; number < 150; number += 1)
    tracebacks.heard({
      worker: 'api',
      text: `Traceback (most recent call last):\n${'x'.repeat(20_000)}\n${number}`,
    })
  const kept = tracebacks.between('api', 0, Number.MAX_SAFE_INTEGER)
  assert.equal(kept.length, 100)
  assert.match(kept.at(-1)?.text ?? '', /^… x{8000,}\n149$/)
})
