import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { verb } from '../support/verb.ts'

const toml = `[workers.api]
app = "api:app"
[workers.ui]
script = "ui.py"
[state]
dir = "state"
`
const files = { 'api.py': app('api.py'), 'ui.py': 'import streamlit as st\nst.title("Orders")\n' }
const message = 'Back at <b>noon</b>.'
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

test('maintenance tells everybody in their own way, survives a restart, and ends', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()
  const { url } = running
  const socket = new WebSocket(`${running.socketUrl}/api/echo`)
  await once(socket, 'message')
  const page = new WebSocket(`${running.socketUrl}/_stcore/stream`, { headers: { origin: url } })
  await once(page, 'open')
  const closed = once(page, 'close')

  await t.test('sockets of the worker are closed for a restart, those of others go on', async () => {
    const { code, stdout, stderr } = await verb(running, 'maintenance', 'on', 'ui', '--message', message)
    assert.deepEqual([code, stdout, stderr], [0, `maintenance on for ui: ${message}\n`, ''])
    assert.equal((await closed)[0], 1012)
    assert.equal(socket.readyState, WebSocket.OPEN)
    socket.close()
  })

  await t.test('pages, programs, the pings of an open page and handshakes are told', async () => {
    const html = await ask(url, { headers: navigation })
    assert.deepEqual([html.status, html.headers['retry-after']], [503, '30'])
    assert.match(html.body, /<h1>Maintenance<\/h1><p>Back at &#60;b&#62;noon&#60;\/b&#62;\.<\/p>/)
    const program = await ask(url, { headers: { accept: 'application/json' } })
    const { code, detail } = json<Readonly<Record<string, unknown>>>(program.body)
    assert.deepEqual([program.status, code, detail], [503, 'maintenance', message])
    // Streamlit's page shows the body of a ping that fails.
    for (const ping of ['/_stcore/health', '/_stcore/host-config']) {
      const answer = await ask(`${url}${ping}`)
      assert.equal(answer.status, 503)
      assert.ok(json<string>(answer.body).startsWith(`${message} (request `), answer.body)
    }
    const refused = new WebSocket(`${running.socketUrl}/_stcore/stream`, { headers: { origin: url } })
    const [error] = await once(refused, 'error')
    assert.match(String(error), /503/)
  })

  await t.test('other workers, liveness and readiness are as before', async () => {
    assert.equal((await ask(`${url}/api/`)).status, 200)
    assert.equal((await ask(`${url}/__fluxlit/livez`)).status, 200)
    assert.equal((await ask(`${url}/__fluxlit/readyz`)).status, 200)
  })

  await t.test('status and metrics have it', async () => {
    assert.match(
      (await verb(running, 'status')).stdout,
      /\n {2}maintenance for \d+s: Back at <b>noon<\/b>\.\n/,
    )
    const metrics = (await ask(`${await running.adminUrl()}/metrics`)).body
    assert.match(metrics, /^fluxlit_worker_maintenance\{worker="ui"\} 1$/m)
    assert.match(metrics, /^fluxlit_worker_maintenance\{worker="api"\} 0$/m)
    assert.match(metrics, /^fluxlit_rejected_total\{reason="maintenance"\} \d+$/m)
  })
  await running.stop()

  await t.test('after a restart it goes on until it is ended, and then sockets open again', async () => {
    const again = await (
      await gateway(t, {
        toml: toml.replace('"state"', JSON.stringify(join(running.directory, 'state'))),
        files,
      })
    ).ready()
    assert.equal((await ask(again.url, { headers: navigation })).status, 503)
    assert.equal((await verb(again, 'maintenance', 'off')).code, 0)
    assert.equal((await ask(again.url, { headers: navigation })).status, 200)
    const open = new WebSocket(`${again.socketUrl}/_stcore/stream`, { headers: { origin: again.url } })
    await once(open, 'open')
    open.close()
    await once(open, 'close')
  })
})
