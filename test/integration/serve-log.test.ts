import assert from 'node:assert/strict'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway, LogRecord } from '../support/gateway.ts'
import { ask, shakeHands } from '../support/http.ts'

/** The access line of one request. */
function accessLine(running: Gateway, id: unknown): Promise<LogRecord> {
  return running.record(`access line of ${String(id)}`, (line) => line['request_id'] === id)
}

test('the log has one line per request and per socket, and nothing secret', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const { url } = running

  await t.test('a request', async () => {
    const body = 'x'.repeat(1000)
    const answer = await ask(`${url}/api/seen/a?token=hunter2`, { method: 'POST', body })
    const line = await accessLine(running, answer.headers['x-request-id'])
    assert.equal(line['level'], 'info')
    assert.ok(Number.isFinite(Date.parse(String(line['time']))))
    const { method, route, worker, status, client, bytes_in: bytesIn } = line
    assert.deepEqual(
      { method, route, worker, status, client, bytesIn },
      { method: 'POST', route: 'api', worker: 'api', status: 200, client: '127.0.0.1', bytesIn: 1000 },
    )
    assert.equal(line['bytes_out'], Buffer.byteLength(answer.body))
    assert.match(String(line['path']), /^\/api\/seen\/a(?!.*hunter2)/)
    for (const name of ['duration_ms', 'ttfb_ms']) assert.equal(typeof line[name], 'number', name)
    assert.match(String(line['trace_id']), /^[0-9a-f]{32}$/)
  })

  await t.test('a refusal, with its reason', async () => {
    const answer = await ask(`${url}/nothing`)
    const line = await accessLine(running, answer.headers['x-request-id'])
    assert.deepEqual([line['status'], line['reason'], line['route']], [404, 'route_not_found', 'none'])
  })

  await t.test('a socket, once it is closed', async () => {
    const answer = await shakeHands(`${running.socketUrl}/api/echo`)
    assert.equal(answer.kind, 'open')
    if (answer.kind === 'open') answer.socket.destroy()
    const line = await accessLine(running, answer.headers['x-request-id'])
    assert.deepEqual([line['status'], line['route']], [101, 'api'])
    assert.match(String(line['reason']), /^websocket_closed_by_client$/)
  })

  await t.test('nothing for health checks, query strings and the same request twice', async () => {
    const health = await ask(`${url}/__fluxlit/livez`)
    const last = await ask(`${url}/api/`)
    await accessLine(running, last.headers['x-request-id'])
    assert.ok(!running.output.includes(String(health.headers['x-request-id'])))
    assert.ok(!running.output.includes('hunter2'))
    assert.equal(running.output.split(String(last.headers['x-request-id'])).length, 2)
  })
})

test('without a terminal too, the log can be for people', async (t) => {
  const toml = `${apiOnly.toml}\n[log]\nformat = "text"\n`
  const running = await gateway(t, { ...apiOnly, toml })
  assert.match(running.output, /listening.*http:\/\/127\.0\.0\.1:\d+/)
  // oxlint-disable-next-line no-control-regex -- colour is what must not be there
  assert.doesNotMatch(running.output, /\x1b/)
})
