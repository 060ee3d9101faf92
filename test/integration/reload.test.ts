import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { deployment } from '../support/deployment.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { load } from '../support/load.ts'
import { pidOf, status, verb } from '../support/verb.ts'

const api = '[workers.api]\napp = "trouble:app"\n'
const files = { 'trouble.py': app('trouble.py') }

/** A second worker of the same app, whose environment shows which configuration it was started with. */
function more(colour: string): string {
  return `[workers.more]\napp = "trouble:app"\nmount = "/more"\nenv = { COLOUR = "${colour}" }\n`
}

test('39: only a changed worker is replaced, and no request notices', async (t) => {
  const running = await served(t, api + more('red'))
  const before = (await status(running)).workers
  const reads = [
    load(t, { url: `${running.url}/api/`, lanes: 1, keepAlive: true }),
    load(t, { url: `${running.url}/more/`, lanes: 1 }),
  ]
  await configure(running, `# A comment moves everything down.\n\n${api}${more('green')}`)
  const { code, stdout, stderr } = await verb(running, 'reload')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /started more.*left api alone/)
  await Promise.all(reads.map((one) => one.more(3)))
  for (const one of reads) {
    await one.stop()
    assert.deepEqual(one.failed, [])
  }
  assert.equal(await colourOf(running), 'green')
  const after = (await status(running)).workers
  assert.equal(after['api']?.pid, before['api']?.pid)
  assert.notEqual(after['more']?.pid, before['more']?.pid)
})

test('a worker that is new in the configuration is served, one that is gone is not', async (t) => {
  const running = await served(t, api)
  assert.equal((await ask(`${running.url}/more/`)).status, 404)
  await configure(running, api + more('blue'))
  assert.equal((await verb(running, 'reload')).code, 0)
  assert.equal(await colourOf(running), 'blue')
  const { pid } = json<{ pid: number }>((await ask(`${running.url}/more/`)).body)
  await configure(running, api)
  assert.equal((await verb(running, 'reload')).code, 0)
  assert.equal((await ask(`${running.url}/more/`)).status, 404)
  assert.equal(
    running.processes().some((found) => found.pid === pid),
    false,
  )
})

test('39: a broken file is refused with its line, and everything runs as before', async (t) => {
  const running = await served(t, api + more('red'))
  const before = (await status(running)).workers
  await configure(running, `${api}factroy = true\n${more('green')}`)
  const { code, stdout, stderr } = await verb(running, 'reload')
  assert.equal(code, 1, stdout)
  assert.match(stderr, /^error\[unknown_key\]: fluxlit\.toml:3: .*factroy/m)
  await isAsBefore(running, before)
})

test('39: a worker that does not start with the new configuration leaves the old one in force', async (t) => {
  const running = await served(t, api + more('red'))
  const before = (await status(running)).workers
  await writeFile(join(running.directory, 'broken.py'), 'import nowhere_to_be_found\n')
  await configure(running, api + more('green').replace('trouble:app', 'broken:app'))
  const { code, stderr } = await verb(running, 'reload')
  assert.equal(code, 1, stderr)
  assert.match(stderr, /nowhere_to_be_found/)
  await isAsBefore(running, before)
})

test('39: SIGHUP reloads, and says in the log what came of it', async (t) => {
  const running = await served(t, api + more('red'))
  const before = (await status(running)).workers
  await configure(running, `${api}factroy = true\n${more('green')}`)
  running.signal('SIGHUP')
  const refused = await running.record('the refusal', ({ msg }) =>
    /reload failed, still running/.test(String(msg)),
  )
  assert.deepEqual([refused['code'], refused['where']], ['unknown_key', 'fluxlit.toml:3'])
  await isAsBefore(running, before)

  await configure(running, api + more('green'))
  running.signal('SIGHUP')
  await running.record('the reload', ({ msg }) => /configuration reloaded/.test(String(msg)))
  assert.equal(await colourOf(running), 'green')
  assert.equal(await pidOf(running, 'api'), before['api']?.pid)
})

test('what a running gateway cannot change is refused and named', async (t) => {
  const toml = `gateway_port = 0\n${api}`
  const running = await (await gateway(t, { toml, files, ownPort: true })).ready()
  await configure(running, toml.replace('= 0', '= 8123'))
  const { code, stderr } = await verb(running, 'reload')
  assert.equal(code, 1, stderr)
  assert.match(stderr, /^error\[reload_needs_restart\]: .*gateway_port/m)
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
})

test('another directory behind the link of `cwd` is a change, a second reload is none', async (t) => {
  const site = await deployment(t)
  const running = await (await gateway(t, { toml: site.toml() })).ready()
  const released = async (): Promise<number> =>
    json<{ version: number }>((await ask(`${running.url}/api/release`)).body).version
  const reads = load(t, { url: `${running.url}/api/release` })
  assert.equal(await released(), 1)
  await site.publish(2)
  await site.flip(2)
  assert.equal((await verb(running, 'reload')).code, 0)
  assert.equal(await released(), 2)
  const before = await pidOf(running, 'api')
  assert.equal((await verb(running, 'reload')).code, 0)
  assert.equal(await pidOf(running, 'api'), before)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
})

async function served(t: Cleanup, toml: string): Promise<Gateway> {
  return (await gateway(t, { toml, files })).ready()
}

// In one step, as an editor does it: a reload must not see half a file.
async function configure(running: Gateway, toml: string): Promise<void> {
  const next = join(running.directory, 'next.toml')
  await writeFile(next, toml)
  await rename(next, join(running.directory, 'fluxlit.toml'))
}

async function colourOf(running: Gateway): Promise<string | null> {
  return json<{ colour: string | null }>((await ask(`${running.url}/more/`)).body).colour
}

async function isAsBefore(
  running: Gateway,
  before: Awaited<ReturnType<typeof status>>['workers'],
): Promise<void> {
  const { gateway: own, workers } = await status(running)
  assert.equal(own.state, 'ready')
  for (const name of ['api', 'more']) assert.equal(workers[name]?.pid, before[name]?.pid, name)
  assert.equal(await colourOf(running), 'red')
}
