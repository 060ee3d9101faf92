import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app, apiOnly } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask, json, open, read, responseTo, nextPiece } from '../support/http.ts'

/** Opens a request that the API answers half and then keeps open. */
async function halfAnswered(url: string): Promise<IncomingMessage> {
  const request = open(url)
  request.end()
  const response = await responseTo(request)
  assert.equal(await nextPiece(response), 'started\n')
  return response
}

/** Resolves when the gateway takes no new connection any more. */
function closed(running: Gateway): Promise<boolean> {
  return eventually('the listener is closed', async () => {
    try {
      await ask(`${running.url}/__fluxlit/livez`)
      return false
    } catch {
      return true
    }
  })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends the gateway with status 0 and leaves no process behind`, async (t) => {
    const toml = `${apiOnly.toml}
[workers.ui]
script = "headers.py"
[workers.queue]
kind = "process"
command = ["sh", "-c", "sleep 1000 & sleep 1000"]
`
    const files = { 'api.py': app('api.py'), 'headers.py': app('headers.py') }
    const running = await (await gateway(t, { toml, files })).ready()
    // Gateway, Uvicorn, Streamlit, the shell and its two children.
    assert.ok(running.processes().length >= 5)
    running.signal(signal)
    const { code, signal: by } = await running.exited
    assert.deepEqual({ code, by }, { code: 0, by: null }, running.output)
    assert.deepEqual(running.processes(), [])
  })
}

test('a request in flight is finished before the worker stops', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const response = await halfAnswered(`${running.url}/api/until/go`)
  running.signal('SIGTERM')
  await closed(running)
  await writeFile(join(running.directory, 'go'), '')
  assert.equal((await read(response)).body, 'finished\n')
  assert.equal((await running.exited).code, 0, running.output)
})

// The runner's own time limit is what fails here.
test('with nothing in flight it does not wait for the deadline', async (t) => {
  const toml = `${apiOnly.toml}\n[drain]\ntimeout = "1h"\n`
  const running = await (await gateway(t, { ...apiOnly, toml })).ready()
  assert.equal((await running.stop()).code, 0, running.output)
})

test('requests still running at the deadline make the exit status 3', async (t) => {
  const toml = `${apiOnly.toml}stop_grace = "1s"\n[drain]\ntimeout = "100ms"\n`
  const running = await (await gateway(t, { ...apiOnly, toml })).ready()
  const response = await halfAnswered(`${running.url}/api/stay`)
  const broken = assert.rejects(read(response))
  const { code } = await running.stop()
  assert.equal(code, 3, running.output)
  await broken
  assert.deepEqual(running.processes(), [])
})

test('34: a second signal ends it at once with 128 and the number of the signal', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const response = await halfAnswered(`${running.url}/api/stay`)
  const broken = assert.rejects(read(response))
  running.signal('SIGTERM')
  await closed(running)
  running.signal('SIGTERM')
  assert.equal((await running.exited).code, 143, running.output)
  await broken
  await eventually('no process is left', () => running.processes().length === 0)
})

test('an open WebSocket is closed and does not hold the stop up', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const socket = new WebSocket(`${running.socketUrl}/api/echo`)
  await once(socket, 'message')
  const closing = new Promise<number>((resolve) => socket.once('close', resolve))
  const { code } = await running.stop()
  // 1012 from the worker, or 1006 when the connection just ends: pages connect again after both.
  assert.ok([1006, 1012].includes(await closing))
  assert.equal(code, 0, running.output)
})

test('during the drain delay it says so to load balancers and still serves', async (t) => {
  const toml = `${apiOnly.toml}\n[drain]\ndelay = "60s"\n`
  const running = await (await gateway(t, { ...apiOnly, toml })).ready()
  running.signal('SIGTERM')
  const state = await eventually('readyz turns 503', async () => {
    const answer = await ask(`${running.url}/__fluxlit/readyz`)
    return answer.status === 503 ? json<{ status: string }>(answer.body).status : undefined
  })
  assert.equal(state, 'draining')
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
  assert.equal((await ask(`${running.url}/__fluxlit/livez`)).status, 200)
  running.signal('SIGINT')
  assert.equal((await running.exited).code, 130, running.output)
})

test('a gateway that is killed takes its workers with it', async (t) => {
  const toml = `${apiOnly.toml}\n[workers.ui]\nscript = "headers.py"\n`
  const files = { 'api.py': app('api.py'), 'headers.py': app('headers.py') }
  const running = await (await gateway(t, { toml, files })).ready()
  running.signal('SIGKILL')
  await running.exited
  await eventually('no process is left', () => running.processes().length === 0)
})

test('a request that is being finished may still call the API through the internal listener', async (t) => {
  const running = await (
    await gateway(t, {
      toml: '[workers.api]\napp = "relay:app"\n',
      files: {
        'relay.py': `import os, time, urllib.request
from pathlib import Path
from fastapi import FastAPI

app = FastAPI()

@app.get("/other")
def other() -> str:
    return "called"

@app.get("/relay")
def relay() -> str:
    Path("asked").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return urllib.request.urlopen(os.environ["FLUXLIT_INTERNAL_API_BASE"] + "/other").read().decode()
`,
      },
    })
  ).ready()
  const answer = ask(`${running.url}/api/relay`)
  await eventually('the request has reached the app', () => existsSync(join(running.directory, 'asked')))
  running.signal('SIGTERM')
  await closed(running)
  await writeFile(join(running.directory, 'go'), '')
  const { status, body } = await answer
  assert.equal(status, 200, running.output)
  assert.match(body, /called/)
  assert.equal((await running.exited).code, 0)
})
