import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { environments } from '../support/environments.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { load } from '../support/load.ts'
import { pidOf, status, verb } from '../support/verb.ts'

const api = '[workers.api]\napp = "trouble:app"\n'
const files = { 'trouble.py': app('trouble.py') }

test('a Streamlit worker is replaced while pages and health checks go on; lost sessions are counted and said', async (t) => {
  const toml = `${api}[workers.ui]\nscript = "headers.py"\n`
  const running = await (
    await gateway(t, { toml, files: { ...files, 'headers.py': app('headers.py') } })
  ).ready()
  const before = (await status(running)).workers
  const socket = new WebSocket(`${running.socketUrl}/_stcore/stream`, ['streamlit'])
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const pages = load(t, { url: `${running.url}/`, lanes: 1 })
  const health = load(t, { url: `${running.url}/_stcore/health`, lanes: 1, keepAlive: true })

  const { code, stdout, stderr } = await verb(running, 'restart', 'ui')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /ui: .*1 Streamlit session/)
  assert.deepEqual((await closed)[0], 1012)
  await Promise.all([pages.more(3), health.more(3)])
  await Promise.all([pages.stop(), health.stop()])
  assert.deepEqual([...pages.failed, ...health.failed], [])

  const after = (await status(running)).workers
  assert.notEqual(after['ui']?.pid, before['ui']?.pid)
  assert.equal(after['ui']?.sessions_lost, 1)
  assert.equal(after['api']?.pid, before['api']?.pid)
})

test('without a name every worker is replaced', async (t) => {
  const toml = `${api}[workers.more]\napp = "trouble:app"\nmount = "/more"\n`
  const running = await (await gateway(t, { toml, files })).ready()
  const before = (await status(running)).workers
  const { code, stdout, stderr } = await verb(running, 'restart')
  assert.equal(code, 0, stderr)
  const after = (await status(running)).workers
  for (const name of ['api', 'more']) {
    assert.match(stdout, new RegExp(`^${name}: restarted`, 'm'))
    assert.notEqual(after[name]?.pid, before[name]?.pid)
  }
})

test('before_start runs once for every generation, and one that fails keeps the old process', async (t) => {
  const command = 'echo migrated >> ran; test ! -e locked || { echo the table is locked; exit 3; }'
  const toml = `${api}before_start = [${JSON.stringify(command)}, ["sh", "-c", "echo second >> ran"]]\n`
  const running = await (await gateway(t, { toml, files })).ready()
  const ran = (): Promise<string> => readFile(join(running.directory, 'ran'), 'utf8')
  assert.equal(await ran(), 'migrated\nsecond\n')
  assert.equal((await verb(running, 'restart', 'api')).code, 0)
  assert.equal(await ran(), 'migrated\nsecond\nmigrated\nsecond\n')

  const before = await pidOf(running, 'api')
  await writeFile(join(running.directory, 'locked'), '')
  const { code, stdout, stderr } = await verb(running, 'restart', 'api')
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /^error\[before_start_failed\]: .*exit status 3/m)
  assert.match(stderr, /the table is locked/)
  assert.equal(await ran(), 'migrated\nsecond\nmigrated\nsecond\nmigrated\n')
  assert.equal(json<{ pid: number }>((await ask(`${running.url}/api/`)).body).pid, before)
})

test('14: a worker named by `after` is ready before the next one is started', async (t) => {
  const waiting = `from pathlib import Path
import time
Path("begun").touch()
while not Path("go").exists():
    time.sleep(0.02)
with open("order", "a") as order:
    order.write("api\\n")
`
  const queue =
    '[workers.queue]\nkind = "process"\ncommand = ["sh", "-c", "echo queue >> order; exec sleep 1000"]\n'
  const toml = `${queue}after = ["api"]\n${api}`
  const running = await gateway(t, { toml, files: { 'trouble.py': waiting + app('trouble.py') } })
  const file = (name: string): Promise<string> => readFile(join(running.directory, name), 'utf8')
  await eventually('the API is being imported', async () => (await file('begun')) === '')
  assert.equal((await status(running)).workers['queue']?.pid, null)
  await writeFile(join(running.directory, 'go'), '')
  await running.ready()
  assert.equal(
    await eventually(
      'both have run',
      async () => (await file('order')).split('\n').length === 3 && file('order'),
    ),
    'api\nqueue\n',
  )
})

test('a worker that cannot run twice is replaced after it ended, and requests wait meanwhile', async (t) => {
  const alone = `import fcntl
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
`
  const toml = `${api}replace = "stop-first"\n[timeouts]\nhold = "60s"\n`
  const running = await (
    await gateway(t, { toml, files: { 'trouble.py': alone + app('trouble.py') } })
  ).ready()
  const before = await pidOf(running, 'api')
  const reads = load(t, { url: `${running.url}/api/` })
  await reads.more(3)
  const { code, stderr } = await verb(running, 'restart', 'api')
  assert.equal(code, 0, stderr)
  await reads.more(3)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.notEqual(await pidOf(running, 'api'), before)
})

test('a new virtual environment behind a symbolic link is the interpreter of the next generation', async (t) => {
  const toml = `${api}python = "venv"\n`
  const where = '\n@app.get("/prefix")\ndef prefix() -> str:\n    import sys\n    return sys.prefix\n'
  const site = await environments(t, ['one', 'two'])
  await site.use('one')
  const root = `root = ${JSON.stringify(site.directory)}\n`
  await writeFile(join(site.directory, 'trouble.py'), app('trouble.py') + where)
  const running = await (await gateway(t, { toml: root + toml })).ready()
  const prefix = async (): Promise<string> => json<string>((await ask(`${running.url}/api/prefix`)).body)
  assert.match(await prefix(), /\/one$/)
  await site.use('two')
  const { code, stderr } = await verb(running, 'restart', 'api')
  assert.equal(code, 0, stderr)
  assert.match(await prefix(), /\/two$/)
})
