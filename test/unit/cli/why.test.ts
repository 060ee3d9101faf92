import assert from 'node:assert/strict'
import { test } from 'node:test'

import { renderWhy, why } from '../../../internal/cli/why.ts'
import type { WhyReport } from '../../../internal/recent/why.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'
import { testTerminal } from '../../fixtures/admin/terminal.ts'

const ended: Extract<WhyReport, { kind: 'ended' }> = {
  kind: 'ended',
  request: {
    request_id: 'f9-1',
    kind: 'http',
    method: 'GET',
    path: '/api/die?[redacted]',
    client: '10.0.0.9',
    route: 'api',
    worker: 'api',
    generation: 2,
    upstream: 'unix:/run/api.2.sock',
    attempts: 2,
    status: 502,
    reason: 'upstream_failed',
    started_at: '2026-01-02T03:04:05.000Z',
    ended_at: '2026-01-02T03:04:06.000Z',
    duration_ms: 1000,
    ttfb_ms: 999,
    held_ms: 12.5,
    bytes_in: 0,
    bytes_out: 187,
    error: 'the connection ended\u001b[2J',
  },
  summary: '502 by the gateway',
  rule: 'mount /api',
  worker_events: [{ time: '2026-01-02T03:04:05.500Z', text: 'backing-off' }],
  tracebacks: [
    { time: '2026-01-02T03:04:05.400Z', worker: 'api', text: 'Traceback\n  \u001b[31mValueError' },
  ],
}

test('what became of a request is told in a few lines, without anything a terminal obeys', () => {
  const text = renderWhy(ended, Date.parse('2026-01-02T03:05:06Z'))
  assert.equal(
    text,
    `request f9-1: 502 by the gateway
  asked      GET /api/die?[redacted] by 10.0.0.9
  when       2026-01-02T03:04:05.000Z, 1m 0s ago
  took       1000 ms, its answer began after 999 ms
  route      api, by mount /api
  worker     api, generation 2, at unix:/run/api.2.sock, sent 2 times
  waited     12.5 ms for its worker
  moved      0 bytes in, 187 bytes out
  error      the connection ended
  meanwhile  2026-01-02T03:04:05.500Z backing-off

  api printed at 2026-01-02T03:04:05.400Z, for this request or another one of that moment:
  | Traceback
  |   ValueError
`,
  )
})

test('a request that is known ends with 0, with --json as the gateway told it', async (t) => {
  const { socket, target } = await fakeGateway(t)
  target.found = ended
  const terminal = testTerminal()
  assert.equal(await why({ socket, id: ' f9-1 ', json: true }, terminal), 0)
  assert.deepEqual(target.calls, ['why f9-1'])
  assert.deepEqual(JSON.parse(terminal.written.out), ended)
})

test('a WebSocket that is open is told', async (t) => {
  const { socket, target } = await fakeGateway(t)
  target.found = {
    kind: 'open',
    request_id: 'x',
    route: 'ui',
    client: '::1',
    opened_at: '2026-01-02T03:04:05.000Z',
  }
  const terminal = testTerminal()
  assert.equal(await why({ socket, id: 'x' }, terminal), 0)
  assert.match(terminal.written.out, /^request x: a WebSocket that is open\n {2}opened {5}2026/)
})

test('one that is not ends with 1 and says how far back the memory goes', async (t) => {
  const { socket, target } = await fakeGateway(t)
  target.found = {
    kind: 'unknown',
    request_id: 'x',
    reach: { failed: null, refused: '2026-01-02T03:04:05.000Z', answered: null },
    size: 10,
  }
  const terminal = testTerminal()
  assert.equal(await why({ socket, id: 'x' }, terminal), 1)
  assert.equal(terminal.written.out, '')
  assert.match(terminal.written.err, /^error\[unknown_request\]: no request x is remembered\n/)
  assert.match(terminal.written.err, /failed: all since the start\n/)
  assert.match(terminal.written.err, /refused: the last 10, back to 2026-01-02T03:04:05\.000Z \(.* ago\)\n/)
})

test('what can be no id is refused before anybody is asked', async () => {
  await assert.rejects(why({ id: 'a b' }, testTerminal()), /not the id of a request: "a b"/)
})
