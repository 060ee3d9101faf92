import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app, apiOnly } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { readExposition, valueOf, type Family } from '../support/exposition.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, nextPiece, open, read, responseTo } from '../support/http.ts'
import { rawClient } from '../support/raw.ts'

async function metrics(running: Gateway, accept = 'text/plain'): Promise<Map<string, Family>> {
  const answer = await ask(`${await running.adminUrl()}/metrics`, { headers: { accept } })
  assert.equal(answer.status, 200)
  return readExposition(answer.body, accept === 'text/plain' ? 'prometheus' : 'openmetrics')
}

/** Waits until a series has a value: the end of a connection is not noticed by both sides at the same time. */
function becomes(running: Gateway, series: string, value: number): Promise<true> {
  return eventually(
    `${series} is ${value}`,
    async () => valueOf(await metrics(running), series) === value || undefined,
  )
}

test('counts of requests, events and sockets of FastAPI are exactly what was sent', async (t) => {
  const running = await gateway(t, apiOnly)
  const { url, socketUrl } = await running.ready()
  for (let count = 0; count < 7; count++) await ask(`${url}/api/seen/${count}`)
  for (let count = 0; count < 3; count++)
    await ask(`${url}/api/seen/x`, { method: 'POST', body: 'x'.repeat(1_000) })
  for (let count = 0; count < 2; count++) await ask(`${url}/api/nowhere/${count}`)
  await ask(`${url}/nowhere`)
  await ask(`${url}/__fluxlit/livez`)

  const outgoing = open(`${url}/api/events`)
  outgoing.end()
  const events = await responseTo(outgoing)
  await nextPiece(events)
  await becomes(running, 'fluxlit_requests_in_flight{route="api"}', 1)
  await ask(`${url}/api/release`, { method: 'POST' })
  events.resume()
  await read(events)
  await becomes(running, 'fluxlit_requests_in_flight{route="api"}', 0)

  const sockets = Array.from({ length: 4 }, () => new WebSocket(`${socketUrl}/api/echo`))
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  await becomes(running, 'fluxlit_websockets_open{route="api"}', 4)
  for (const socket of sockets) socket.close()
  await becomes(running, 'fluxlit_websockets_open{route="api"}', 0)

  const families = await metrics(running)
  const expected = {
    'fluxlit_requests_total{route="api",method="GET",code="200"}': 8,
    'fluxlit_requests_total{route="api",method="POST",code="200"}': 4,
    'fluxlit_requests_total{route="api",method="GET",code="404"}': 2,
    'fluxlit_requests_total{route="api",method="GET",code="101"}': 4,
    'fluxlit_requests_total{route="none",method="GET",code="404"}': 1,
    'fluxlit_requests_total{route="internal",method="GET",code="200"}': 1,
    'fluxlit_request_duration_seconds_count{route="api"}': 18,
    'fluxlit_response_ttfb_seconds_count{route="api"}': 18,
    'fluxlit_rejected_total{reason="route_not_found"}': 1,
    'fluxlit_websocket_duration_seconds_count{route="api"}': 4,
    'fluxlit_worker_state{worker="api",state="ready"}': 1,
    fluxlit_config_reload_success: 1,
  }
  for (const [series, value] of Object.entries(expected))
    assert.equal(valueOf(families, series), value, series)
  // Whoever says goodbye first, Uvicorn is the one that ends the connection.
  const closed = [...(families.get('fluxlit_websockets_closed_total')?.series.values() ?? [])]
  assert.equal(
    closed.reduce((sum, count) => sum + count, 0),
    4,
  )
  assert.ok(valueOf(families, 'fluxlit_bytes_total{route="api",direction="in"}') >= 3_000)
  assert.ok(valueOf(families, 'fluxlit_worker_memory_bytes{worker="api"}') > 1_000_000)
  await metrics(running, 'application/openmetrics-text')

  // Each of them once in the log: 7 + 3 + 2 + 1 requests, the events and their release, four sockets; health is silent.
  await running.stop()
  const lines = running.records.filter(({ msg }) => msg === 'request')
  const shown = lines.map(({ method, path, status }) => [method, path, status].join(' '))
  const wanted = [
    ...Array.from({ length: 7 }, (_, index) => `GET /api/seen/${index} 200`),
    ...Array.from({ length: 3 }, () => 'POST /api/seen/x 200'),
    ...Array.from({ length: 2 }, (_, index) => `GET /api/nowhere/${index} 404`),
    'GET /nowhere 404',
    'GET /api/events 200',
    'POST /api/release 200',
    ...Array.from({ length: 4 }, () => 'GET /api/echo 101'),
  ]
  assert.deepEqual(shown.toSorted(), wanted.toSorted())
  assert.equal(new Set(lines.map((line) => line['request_id'])).size, wanted.length)
})

const malformed: readonly (readonly [reason: string, bytes: string])[] = [
  ['bad_request', 'nonsense\r\n\r\n'],
  ['bad_request', 'GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n'],
  ['bad_request', 'POST /api/count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['bad_host', 'GET / HTTP/1.1\r\n\r\n'],
  ['ambiguous_path', 'GET /api%2fx HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['target_too_long', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['header_too_large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['http_version', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n'],
  ['method_not_allowed', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['body_too_large', 'POST /api/count HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n'],
]

test('ten malformed inputs are ten refusals, each under the code of its answer', async (t) => {
  const running = await gateway(t, apiOnly)
  const port = Number(new URL(running.url).port)
  const expected = new Map<string, number>()
  for (const [reason, bytes] of malformed) {
    const client = await rawClient(t, port)
    const answer = await client.send(bytes).answer()
    assert.ok(answer.body.includes(`"code":"${reason}"`), answer.body)
    expected.set(reason, (expected.get(reason) ?? 0) + 1)
    client.end()
  }
  const rejected = (await metrics(running)).get('fluxlit_rejected_total')?.series ?? new Map<string, number>()
  const found = new Map([...rejected].map(([series, count]) => [/"(\w+)"/.exec(series)?.[1], count]))
  assert.deepEqual(found, expected)
})

test('Streamlit’s own numbers come with the name of the worker, and sessions go up and down', async (t) => {
  const toml = '[workers.ui]\nscript = "headers.py"\nmount = "/tools/ui"\n'
  const running = await gateway(t, { toml, files: { 'headers.py': app('headers.py') } })
  const { url, socketUrl } = await running.ready()
  await becomes(running, 'streamlit_active_sessions{worker="ui"}', 0)
  const socket = new WebSocket(`${socketUrl}/tools/ui/_stcore/stream`, ['streamlit'], { origin: url })
  await once(socket, 'open')
  await becomes(running, 'streamlit_active_sessions{worker="ui"}', 1)
  await becomes(running, 'fluxlit_websockets_open{route="ui"}', 1)
  assert.equal(
    valueOf(await metrics(running), 'streamlit_session_events_total{worker="ui",type="connect"}'),
    1,
  )
  const openMetrics = await metrics(running, 'application/openmetrics-text')
  assert.equal(valueOf(openMetrics, 'streamlit_session_events_total{worker="ui",type="connect"}'), 1)
  socket.close()
  await becomes(running, 'fluxlit_websockets_open{route="ui"}', 0)
  assert.equal((await ask(`${url}/tools/ui/_stcore/metrics`)).status, 404)
})

test('a worker that dies is a restart with a reason and an error of the request it took with it', async (t) => {
  const running = await gateway(t, { ...apiOnly, env: { FLUXLIT_RESTART_BACKOFF_MIN: '10ms' } })
  const { url } = await running.ready()
  const outgoing = open(`${url}/api/stay`)
  outgoing.end()
  const stream = await responseTo(outgoing)
  await nextPiece(stream)
  const ready = await running.record('worker ready', (line) => line['msg'] === 'worker ready')
  process.kill(Number(ready['pid']), 'SIGKILL')
  stream.resume()
  await assert.rejects(read(stream))
  await becomes(running, 'fluxlit_worker_restarts_total{worker="api",reason="crash"}', 1)
  await becomes(running, 'fluxlit_upstream_errors_total{worker="api",reason="truncated"}', 1)
})
