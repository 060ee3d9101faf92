import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import type { Sent } from '../support/load.ts'
import { load } from '../support/load.ts'
import { pidOf, status } from '../support/verb.ts'

const api = '[workers.api]\napp = "trouble:app"\n'
const ui = '[workers.ui]\nscript = "headers.py"\n'
const files = { 'trouble.py': app('trouble.py'), 'headers.py': app('headers.py') }

/** Restarts quickly, and gives up after two deaths. */
const impatient = '[restart]\nbackoff_min = "50ms"\ncrash_count = 2\n'

test('29: one of two replicas is killed under load and no GET fails', async (t) => {
  const running = await (await gateway(t, { toml: `${api}replicas = 2\n`, files })).ready()
  const reads = [
    load(t, { url: `${running.url}/api/`, lanes: 3 }),
    load(t, { url: `${running.url}/api/`, lanes: 2, keepAlive: true }),
  ] as const
  const first = pidIn(await reads[0].saw(answered))
  const second = pidIn(await reads[0].saw((sent) => answered(sent) && pidIn(sent) !== first))
  process.kill(first, 'SIGKILL')
  await reads[0].saw((sent) => answered(sent) && ![first, second].includes(pidIn(sent)))
  await reads[1].more(20)
  for (const one of reads) {
    await one.stop()
    assert.deepEqual(one.failed, [])
  }
  const { api: worker } = (await status(running)).workers
  assert.deepEqual(
    worker?.deaths.map(({ cause }) => /killed by SIGKILL/.test(cause)),
    [true],
  )
  assert.equal(worker?.restarts, 1)
})

test('28: the API stays up while Streamlit crashes again and again', async (t) => {
  const running = await (await gateway(t, { toml: api + ui + impatient, files })).ready()
  const reads = load(t, { url: `${running.url}/api/` })
  const before = await pidOf(running, 'api')
  await killUntilFailed(running, 'ui')
  const down = await ask(`${running.url}/`, { headers: { accept: 'application/json' } })
  assert.equal(down.status, 503)
  assert.deepEqual(problemOf(down.body), 'worker_down')
  assert.equal(json<{ request_id: string }>(down.body).request_id, down.headers['x-request-id'])
  await reads.more(5)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.equal(await pidOf(running, 'api'), before)
})

test('28: Streamlit stays up while the API crashes again and again', async (t) => {
  const running = await (await gateway(t, { toml: api + ui + impatient, files })).ready()
  const before = await pidOf(running, 'ui')
  const pages = load(t, { url: `${running.url}/`, lanes: 1 })
  const health = load(t, { url: `${running.url}/_stcore/health`, lanes: 1, keepAlive: true })
  await killUntilFailed(running, 'api')
  assert.equal((await ask(`${running.url}/api/`)).status, 503)
  await Promise.all([pages.more(3), health.more(3)])
  for (const one of [pages, health]) {
    await one.stop()
    assert.deepEqual(one.failed, [])
  }
  assert.equal(await pidOf(running, 'ui'), before)
})

test('26, 27, 32: a crash loop is one line in the log, every death is in the status, readyz names the worker', async (t) => {
  const running = await (await gateway(t, { toml: api + impatient, files })).ready()
  await killUntilFailed(running, 'api')
  const line = await running.record('the summary', ({ code }) => code === 'worker_crash_loop')
  assert.match(String(line['reason']), /api.* 2 times.*killed by SIGKILL/)
  const failures = running.records.filter(({ code }) => code === 'worker_crash_loop')
  assert.equal(failures.length, 1)

  const ready = await ask(`${running.url}/__fluxlit/readyz`)
  assert.equal(ready.status, 503)
  assert.equal(
    json<{ workers: Record<string, { state: string }> }>(ready.body).workers['api']?.state,
    'failed',
  )
  assert.equal((await ask(`${running.url}/__fluxlit/livez`)).status, 200)

  const { api: worker } = (await status(running)).workers
  assert.match(worker?.reason ?? '', /2 times/)
  assert.equal(worker?.deaths.length, 2)
  for (const { time, uptime_s: uptime, cause } of worker?.deaths ?? []) {
    assert.equal(new Date(time).toISOString(), time)
    assert.ok(uptime >= 0)
    assert.match(cause, /killed by SIGKILL/)
  }
})

test('a worker that gave up ends the gateway with status 4 when it is told so', async (t) => {
  const toml = `${api}on_failure = "exit"\n${ui}${impatient}`
  const running = await (await gateway(t, { toml, files })).ready()
  const first = await pidOf(running, 'api')
  process.kill(first, 'SIGKILL')
  process.kill(await otherPid(running, 'api', first), 'SIGKILL')
  const { code, stderr } = await running.exited
  assert.equal(code, 4, running.output)
  assert.match(stderr, /^error\[worker_crash_loop\]: .*api/m)
  assert.deepEqual(running.processes(), [])
})

test('29: a POST whose worker dies is 502 with the request id, and is not sent again', async (t) => {
  const running = await (await gateway(t, { toml: api, files })).ready()
  const answer = await ask(`${running.url}/api/die`, { method: 'POST' })
  assert.equal(answer.status, 502)
  const problem = json<{ code: string; request_id: string }>(answer.body)
  assert.equal(problem.code, 'upstream_failed')
  assert.equal(problem.request_id, answer.headers['x-request-id'])
  assert.equal((await ask(`${running.url}/api/`)).status, 200, 'the next request waits for the new process')
  assert.equal(await readFile(join(running.directory, 'died'), 'utf8'), 'once\n')
  const { api: worker } = (await status(running)).workers
  assert.match(worker?.deaths[0]?.cause ?? '', /exit status 9/)
})

test('29: a GET without an answer when its only worker is killed is answered by the next process', async (t) => {
  const running = await (await gateway(t, { toml: api, files })).ready()
  const first = await pidOf(running, 'api')
  const waiting = ask(`${running.url}/api/wait`)
  await eventually('the app has it', () => existsSync(join(running.directory, 'waiting')))
  process.kill(first, 'SIGKILL')
  await otherPid(running, 'api', first)
  await writeFile(join(running.directory, 'go'), '')
  const answer = await waiting
  assert.equal(answer.status, 200)
  assert.notEqual(json<{ pid: number }>(answer.body).pid, first)
})

test('24: a worker that ends while it starts is tried a few times, then the gateway ends with its cause', async (t) => {
  const dying = 'import os\nprint("no licence found", flush=True)\nos._exit(7)\n'
  const toml = `${api}[restart]\nbackoff_min = "50ms"\nboot_attempts = 3\n`
  const running = await gateway(t, { toml, files: { 'trouble.py': dying } })
  const { code, stderr } = await running.exited
  assert.equal(code, 1, running.output)
  assert.match(stderr, /^error\[\w+\]: .*exit status 7/m)
  assert.match(stderr, /no licence found/)
  assert.equal(running.output.match(/"no licence found"/g)?.length, 3)
})

test('29: a WebSocket whose worker dies is closed with 1012, so that its page comes back', async (t) => {
  const toml = '[workers.api]\napp = "api:app"\n'
  const running = await (await gateway(t, { toml, files: { 'api.py': app('api.py') } })).ready()
  const socket = new WebSocket(`${running.socketUrl}/api/echo`)
  await once(socket, 'message')
  const closed = once(socket, 'close')
  process.kill(await pidOf(running, 'api'), 'SIGKILL')
  assert.equal((await closed)[0], 1012)
})

test('30, 31: ends that were asked for are no crashes', async (t) => {
  const toml = `${api}args = ["--limit-max-requests", "5"]\nprobe_interval = "1h"\n`
  const running = await (await gateway(t, { toml, files })).ready()
  const reads = load(t, { url: `${running.url}/api/`, lanes: 1 })
  const first = pidIn(await reads.saw(answered))
  const second = pidIn(await reads.saw((sent) => answered(sent) && pidIn(sent) !== first))
  await reads.saw((sent) => answered(sent) && ![first, second].includes(pidIn(sent)))
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  const { api: worker } = (await status(running)).workers
  assert.deepEqual(worker?.deaths, [])
  assert.ok((worker?.restarts ?? 0) >= 2)
  assert.equal((await running.stop()).code, 0)
  assert.deepEqual(
    running.records.filter(({ msg }) => msg === 'worker failed'),
    [],
  )
})

function answered({ status: code }: Sent): boolean {
  return code === 200
}

function pidIn({ body }: Sent): number {
  return json<{ pid: number }>(body).pid
}

function problemOf(body: string): string {
  return json<{ code: string }>(body).code
}

/** The process id of a worker that is ready, once it is another one than `previous`. */
function otherPid(running: Gateway, worker: string, previous: number | null): Promise<number> {
  return eventually(`${worker} has another process`, async () => {
    const found = (await status(running)).workers[worker]
    return found?.state === 'ready' && found.pid !== null && found.pid !== previous ? found.pid : undefined
  })
}

// Two deaths, see `impatient`.
async function killUntilFailed(running: Gateway, worker: string): Promise<void> {
  const first = await otherPid(running, worker, null)
  process.kill(first, 'SIGKILL')
  process.kill(await otherPid(running, worker, first), 'SIGKILL')
  await eventually(
    `${worker} has failed`,
    async () => (await status(running)).workers[worker]?.state === 'failed',
  )
}
