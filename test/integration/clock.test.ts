import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { settableClock, withoutClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { status } from '../support/verb.ts'

const hour = 3600

// Probes are counted, so that a test knows how many there were after a jump.
const counting = `import os
from pathlib import Path
from fastapi import FastAPI, WebSocket
import asyncio
app = FastAPI()
probes = 0
@app.get("/")
async def root():
    global probes
    probes += 1
    return {"pid": os.getpid(), "probes": probes}
@app.get("/until/{name}")
async def until(name: str):
    Path(f"{name}.waits").touch()
    while not Path(name).exists():
        await asyncio.sleep(0.02)
    return {"done": True}
@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())
`

// Far above what the test needs, far below a jump.
const jumpy = `[workers.api]
app = "counting:app"
probe_interval = "100ms"
max_age = "30m"
[timeouts]
response_headers = "30m"
response_idle = "30m"
websocket_idle = "30m"
keep_alive = "30m"
[restart]
backoff_min = "1s"
`

for (const [name, offset] of [
  ['forward', 2 * hour],
  ['back', -2 * hour],
] as const) {
  test(
    `59: a system clock that jumps ${name} by two hours is noticed by nothing but the log's times`,
    {
      skip: withoutClock,
    },
    async (t) => {
      const began = performance.now()
      const clock = await settableClock(t)
      const files = { 'counting.py': counting }
      const running = await (await gateway(t, { toml: jumpy, files, env: clock.env })).ready()
      const before = (await status(running)).workers['api']
      const waiting = ask(`${running.url}/api/until/go`)
      await eventually('the request waits', () => existsSync(join(running.directory, 'go.waits')))
      const socket = new WebSocket(`${running.socketUrl}/api/echo`)
      await once(socket, 'open')

      clock.set(offset)
      await jumped(running, offset)
      await probes(running, 5)

      socket.send('still there')
      assert.equal(String((await once(socket, 'message'))[0]), 'still there')
      socket.close()
      await writeFile(join(running.directory, 'go'), '')
      assert.equal((await waiting).status, 200)
      const after = (await status(running)).workers['api']
      assert.deepEqual([after?.pid, after?.deaths, after?.restarts], [before?.pid, [], 0])

      await t.test('a worker that dies meanwhile comes back after its pause', async () => {
        process.kill(Number(after?.pid), 'SIGKILL')
        await running.record('the pause', ({ code }) => code === 'worker_died')
        clock.set(-offset)
        await running.record(
          'the next one',
          ({ msg, generation }) => msg === 'worker ready' && generation === 2,
        )
        await jumped(running, -offset)
      })

      const { gateway: own, workers } = await status(running)
      assert.equal((await running.stop()).code, 0)
      const lasted = performance.now() - began
      assert.ok(own.uptime_s * 1000 <= lasted, `up ${own.uptime_s} s`)
      const [death] = workers['api']?.deaths ?? []
      assert.ok(death !== undefined && death.uptime_s * 1000 <= lasted, JSON.stringify(death))
      for (const line of running.records)
        for (const [key, value] of Object.entries(line))
          if (key.endsWith('_ms'))
            assert.ok(Number(value) >= 0 && Number(value) <= lasted, JSON.stringify(line))
      assert.deepEqual(
        running.records.filter(({ level }) => level !== 'info').map(({ code }) => code),
        ['worker_died'],
      )
    },
  )
}

test('60: a machine that slept finds its workers alive afterwards', async (t) => {
  const toml = `[workers.api]
app = "trouble:app"
probe_interval = "100ms"
probe_timeout = "100ms"
probe_failures = 1
`
  const running = await (await gateway(t, { toml, files: { 'trouble.py': app('trouble.py') } })).ready()
  const before = (await status(running)).workers['api']
  for (let time = 0; time < 3; time += 1) await sleepOf(running)
  const answer = await ask(`${running.url}/api/`)
  assert.equal(json<{ pid: number }>(answer.body).pid, before?.pid)
  const after = (await status(running)).workers['api']
  assert.deepEqual([after?.pid, after?.deaths, after?.restarts], [before?.pid, [], 0])
})

/** Resolves when the gateway writes times that are so many seconds ahead. */
async function jumped(running: Gateway, offset: number): Promise<void> {
  await eventually('the log has the new time', async () => {
    const answer = await ask(`${running.url}/nothing`)
    const id = answer.headers['x-request-id']
    const line = await running.record('its line', (record) => record['request_id'] === id)
    const ahead = (Date.parse(String(line['time'])) - Date.now()) / 1000
    return Math.abs(ahead - offset) < hour / 2
  })
}

/** Resolves when the worker was asked so many times more. */
async function probes(running: Gateway, more: number): Promise<void> {
  const count = async (): Promise<number> =>
    json<{ probes: number }>((await ask(`${running.url}/api/`)).body).probes
  let asked = 0
  const first = await count()
  await eventually('it is probed', async () => {
    asked += 1
    return (await count()) - asked >= first + more
  })
}

/** Everything stands still for longer than a probe may take, and goes on. */
async function sleepOf(running: Gateway): Promise<void> {
  const all = running.processes().map(({ pid }) => pid)
  for (const pid of all) process.kill(pid, 'SIGSTOP')
  const until = uptime() + 2
  await eventually('time has passed', () => uptime() > until)
  for (const pid of all) process.kill(pid, 'SIGCONT')
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
}

// Seconds since the machine was started.
function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
}
