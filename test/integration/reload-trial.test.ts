import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import type { Finished } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import type { Load, Sent } from '../support/load.ts'
import { load } from '../support/load.ts'
import { pidOf, status, verb } from '../support/verb.ts'

/** An app that ends when it is asked to, with a reason. */
const expiring = `${app('trouble.py')}

@app.post("/expire")
async def expire() -> None:
    print("the licence has expired", flush=True)
    os._exit(7)
`

/** One that cannot run twice. */
const alone = `import fcntl
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
${expiring}`

const api = '[workers.api]\napp = "alone:app"\n'
const turns = 'replace = "stop-first"\n'
const files = {
  'expiring.py': expiring,
  'alone.py': alone,
  'broken.py': 'raise RuntimeError("no such table")\n',
}

test('39: a changed worker that is ready and then dies gives its requests back to the old one; exit 1 with the cause', async (t) => {
  const extra = '[workers.extra]\napp = "expiring:app"\nmount = "/extra"\n'
  const running = await served(t, api + more('red') + extra)
  const before = (await status(running)).workers
  const reads = load(t, { url: `${running.url}/more/` })
  const { code, stdout, stderr } = await reloadedThenExpired(running, reads, api + more('green'))
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /^error\[worker_died\]: .*worker more ended: exit status 7/m)
  assert.match(stderr, /the licence has expired/)
  assert.match(stdout, /back to the configuration before/)
  await reads.more(5)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.equal(colourIn(reads.sent.at(-1)), 'red')

  const { gateway: own, workers } = await status(running)
  assert.equal(own.state, 'ready')
  for (const name of ['api', 'more', 'extra']) assert.equal(workers[name]?.pid, before[name]?.pid, name)
  assert.equal((await ask(`${running.url}/extra/`)).status, 200, 'the one that was to go is back too')
  assert.match(workers['more']?.deaths.at(-1)?.cause ?? '', /exit status 7/)
})

test('39: after a reload that failed on trial the next one succeeds', async (t) => {
  const running = await served(t, api + more('red'))
  const reads = load(t, { url: `${running.url}/more/` })
  assert.equal((await reloadedThenExpired(running, reads, api + more('green'))).code, 1)
  await configure(running, api + more('blue'))
  const { code, stderr } = await verb(running, 'reload')
  assert.equal(code, 0, stderr)
  await reads.more(3)
  await reads.stop()
  assert.equal(colourIn(reads.sent.at(-1)), 'blue')
  assert.deepEqual(reads.failed, [])
})

test('39: a changed worker that cannot run twice is held: the old one ends, requests wait, the new one answers them', async (t) => {
  const running = await served(t, patient(api + turns))
  const before = await pidOf(running, 'api')
  const reads = load(t, { url: `${running.url}/api/` })
  await reads.more(3)
  await configure(running, patient(`${api}${turns}env = { COLOUR = "green" }\n`))
  const { code, stdout, stderr } = await verb(running, 'reload')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /api: ended, requests wait for the next one/)
  await reads.more(3)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.equal(colourIn(reads.sent.at(-1)), 'green')
  assert.notEqual(await pidOf(running, 'api'), before)
})

test('39: a changed worker that cannot run twice and does not start: the old configuration is started again, and that is said', async (t) => {
  const running = await served(t, patient(api + turns))
  const reads = load(t, { url: `${running.url}/api/` })
  await reads.more(3)
  await configure(running, patient(`${api.replace('alone', 'broken')}${turns}`))
  const { code, stdout, stderr } = await verb(running, 'reload')
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /^error\[app_import_failed\]: .*no such table/m)
  assert.match(stdout, /back to the configuration before[^]*api: starting[^]*api: ready/)
  await reads.more(3)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.equal((await status(running)).gateway.state, 'ready')
})

test('39: a changed worker that cannot run twice, is ready and then dies: the old configuration is started again', async (t) => {
  const running = await served(t, patient(turned('red')))
  const reads = load(t, { url: `${running.url}/more/` })
  const { code, stdout, stderr } = await reloadedThenExpired(running, reads, patient(turned('green')))
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /the licence has expired/)
  assert.match(stdout, /back to the configuration before[^]*more: starting[^]*more: ready/)
  await reads.more(3)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.equal(colourIn(reads.sent.at(-1)), 'red')
})

test('39: a worker keeps its deaths, its restarts and its states over a reload that changes it', async (t) => {
  const running = await served(t, api + more('red'))
  const first = await pidOf(running, 'more')
  await ask(`${running.url}/more/expire`, { method: 'POST' })
  await running.record(
    'the next generation',
    ({ msg, worker, pid }) => msg === 'worker ready' && worker === 'more' && pid !== first,
  )
  await configure(running, api + more('green'))
  const { code, stderr } = await verb(running, 'reload')
  assert.equal(code, 0, stderr)
  const found = (await status(running)).workers['more'] ?? assert.fail()
  assert.deepEqual(
    {
      restarts: found.restarts,
      generation: found.generation,
      deaths: found.deaths.map(({ cause }) => cause),
    },
    { restarts: 2, generation: 3, deaths: ['worker more ended: exit status 7'] },
  )
  assert.deepEqual(
    found.history.map(({ state, generation }) => `${state} ${generation}`),
    ['starting 1', 'ready 1', 'backing-off 1', 'starting 2', 'ready 2', 'ready 3'],
  )
})

test('39: Streamlit sessions that lose their state to a reload are counted and said, when its trial is over', async (t) => {
  const ui = '[workers.ui]\nscript = "headers.py"\n'
  const toml = (colour: string): string => `${api}${ui}env = { COLOUR = "${colour}" }\n`
  const pages = { ...files, 'headers.py': app('headers.py') }
  const running = await (await gateway(t, { toml: toml('red'), files: pages })).ready()
  const socket = new WebSocket(`${running.socketUrl}/_stcore/stream`, ['streamlit'])
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const health = load(t, { url: `${running.url}/_stcore/health`, lanes: 1 })
  await configure(running, toml('green'))
  const { code, stdout, stderr } = await verb(running, 'reload')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /ui: old process ended, 1 Streamlit session lost their state/)
  assert.equal((await closed)[0], 1012)
  await health.stop()
  assert.deepEqual(health.failed, [])
  assert.equal((await status(running)).workers['ui']?.sessions_lost, 1)
})

test('a stop while a reload is on trial ends the old and the new workers', async (t) => {
  const running = await served(t, api + more('red'))
  const reads = load(t, { url: `${running.url}/more/`, untilRefused: true })
  await configure(running, api + more('green'))
  const reloading = verb(running, 'reload')
  await reads.saw((sent) => colourIn(sent) === 'green')
  const { code } = await running.stop()
  assert.equal(code, 0, running.output)
  assert.equal((await reloading).code, 1)
  assert.deepEqual(running.processes(), [])
})

/** A worker whose environment shows which configuration it was started with. */
function more(colour: string): string {
  return `[workers.more]\napp = "expiring:app"\nmount = "/more"\nenv = { COLOUR = "${colour}" }\n`
}

function turned(colour: string): string {
  return more(colour).replace('expiring', 'alone') + turns
}

// A slow machine may need longer to import than requests wait by default.
function patient(toml: string): string {
  return `${toml}[timeouts]\nhold = "60s"\n`
}

async function served(t: Cleanup, toml: string): Promise<Gateway> {
  return (await gateway(t, { toml, files })).ready()
}

/** A reload whose new worker `more` dies as soon as it has answered. */
async function reloadedThenExpired(running: Gateway, reads: Load, toml: string): Promise<Finished> {
  await configure(running, toml)
  const reloading = verb(running, 'reload')
  await reads.saw((sent) => colourIn(sent) === 'green')
  await ask(`${running.url}/more/expire`, { method: 'POST' })
  return reloading
}

// In one step, as an editor does it: a reload must not see half a file.
async function configure(running: Gateway, toml: string): Promise<void> {
  const next = join(running.directory, 'next.toml')
  await writeFile(next, toml)
  await rename(next, join(running.directory, 'fluxlit.toml'))
}

function colourIn(sent: Sent | undefined): string | null {
  if (sent?.status !== 200) return null
  return json<{ colour: string | null }>(sent.body).colour
}
