import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask, json, shakeHands } from '../support/http.ts'

// The app's import ends only when the test says so.
const slowApi = `import time
from pathlib import Path
while not Path("go").exists():
    time.sleep(0.02)
${app('api.py').replace(/^from __future__.*$/m, '')}`

const navigation = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }

function starting(t: Parameters<typeof gateway>[0], hold: string): Promise<Gateway> {
  const toml = `[workers.api]\napp = "api:app"\n[timeouts]\nhold = "${hold}"\n`
  return gateway(t, { toml, files: { 'api.py': slowApi } })
}

function letItStart(running: Gateway): Promise<void> {
  return writeFile(join(running.directory, 'go'), '')
}

test('15, 19: while the workers start', async (t) => {
  const running = await starting(t, '60s')
  const { url } = running

  await t.test('the gateway lives and is not ready', async () => {
    assert.equal((await ask(`${url}/__fluxlit/livez`)).status, 200)
    const ready = await ask(`${url}/__fluxlit/readyz`)
    assert.equal(ready.status, 503)
    const { status, workers } = json<{
      status: string
      workers: Record<string, { state: string }>
    }>(ready.body)
    assert.equal(status, 'not_ready')
    // `stopped` while the programs of the workers are still being looked at.
    assert.match(workers['api']?.state ?? '', /^(?:stopped|starting)$/)
  })

  await t.test('a navigation gets the waiting page at once', async () => {
    const page = await ask(`${url}/api/docs`, { headers: navigation })
    assert.equal(page.status, 503)
    assert.match(page.headers['content-type'] ?? '', /^text\/html/)
    assert.match(page.headers['retry-after'] ?? '', /^\d+$/)
    assert.match(page.headers['cache-control'] ?? '', /no-store/)
    assert.match(String(page.headers['x-request-id']), /./)
    assert.match(page.body, /Starting/)
  })

  await t.test('a call by a program waits and is answered by the app, a socket is opened', async () => {
    const call = ask(`${url}/api/`)
    const socket = shakeHands(`${running.socketUrl}/api/echo`)
    await letItStart(running)
    assert.deepEqual(JSON.parse((await call).body), { message: 'api' })
    const handshake = await socket
    assert.equal(handshake.kind, 'open')
    if (handshake.kind === 'open') handshake.socket.destroy()
    await running.ready()
    assert.equal((await ask(`${url}/api/docs`, { headers: navigation })).status, 200)
  })
})

test('a call that waited as long as it may gets 503 as a problem, a socket as a sentence', async (t) => {
  const running = await starting(t, '100ms')
  const call = await ask(`${running.url}/api/`)
  assert.equal(call.status, 503)
  assert.equal(call.headers['content-type'], 'application/problem+json')
  assert.match(call.headers['retry-after'] ?? '', /^\d+$/)
  assert.equal(json<{ code: string }>(call.body).code, 'worker_starting')

  const socket = await shakeHands(`${running.socketUrl}/api/echo`)
  assert.equal(socket.kind, 'refused')
  assert.equal(socket.kind === 'refused' && socket.status, 503)
  assert.match(socket.headers['content-type'] ?? '', /^text\/plain/)
  await letItStart(running)
})
