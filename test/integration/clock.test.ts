import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { status } from '../support/verb.ts'

// A jump of the system clock cannot be had without changing that of the machine; the worker room's tests with a
// clock of their own show that no wait looks at it.

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
