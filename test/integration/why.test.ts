import assert from 'node:assert/strict'
import { test } from 'node:test'

import { WebSocket } from 'ws'
import { once } from 'node:events'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { eventually } from '../support/eventually.ts'
import { verb } from '../support/verb.ts'

const toml = '[workers.api]\napp = "api:app"\n'
const boom = '\n@app.get("/boom")\ndef boom():\n    raise ValueError("no such order")\n'

test('whoever reads an id off an error page learns what happened', async (t) => {
  const files = { 'api.py': app('api.py') + boom }
  const running = await (await gateway(t, { toml, files })).ready()
  const idOf = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    String((await ask(`${running.url}${path}`, { headers })).headers['x-request-id'])

  await t.test('an exception of the application, with its traceback', async () => {
    const id = await idOf('/api/boom')
    await running.record('the traceback', ({ msg }) => String(msg).includes('no such order'))
    const { code, stdout } = await verb(running, 'why', id)
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^request ${id}: 500 by the worker itself`))
    assert.match(stdout, /\n {2}route {6}api, by mount \/api\n {2}worker {5}api, generation 1, at unix:/)
    assert.match(stdout, /\n {2}\| ValueError: no such order\n/)
  })

  await t.test('a worker that died, read off the page itself', async () => {
    const page = await ask(`${running.url}/api/die`, {
      headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' },
    })
    const shown = /<dt>Request<\/dt><dd>([\w-]+)<\/dd>/.exec(page.body)?.[1] ?? ''
    const { stdout } = await verb(running, 'why', shown, '--json')
    const report = json<Readonly<Record<string, unknown>>>(stdout)
    assert.equal(report['kind'], 'ended')
    assert.match(String(report['summary']), /^502 by the gateway, upstream_failed/)
    assert.match(JSON.stringify(report['worker_events']), /exit status 3/)
    const { request } = json<{ request: Readonly<Record<string, unknown>> }>(stdout)
    assert.equal(request['attempts'], 2)
    assert.notEqual(request['error'], null)
  })

  await t.test('a refusal, and a WebSocket while it is open and afterwards', async () => {
    const refused = await verb(running, 'why', await idOf('/nothing'))
    assert.match(refused.stdout, /404 by the gateway, route_not_found/)
    const socket = new WebSocket(`${running.socketUrl}/api/echo`)
    socket.once('upgrade', ({ headers }) => (id = String(headers['x-request-id'])))
    let id = ''
    await once(socket, 'message')
    assert.match((await verb(running, 'why', id)).stdout, /a WebSocket that is open/)
    socket.close()
    await once(socket, 'close')
    await eventually('its end is remembered', async () =>
      (await verb(running, 'why', id)).stdout.includes('a WebSocket that ended'),
    )
  })

  await t.test('an id that nobody gave', async () => {
    const { code, stderr } = await verb(running, 'why', 'nobody-1')
    assert.equal(code, 1)
    assert.match(stderr, /error\[unknown_request\]/)
  })
})
