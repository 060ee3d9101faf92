import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Snapshot } from '../../internal/admin/snapshot.ts'
import type { StatusReport } from '../../internal/admin/status.ts'
import { ask as askSocket } from '../fixtures/admin/ask.ts'
import { apiOnly } from '../support/apps.ts'
import { run } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, json, open, responseTo } from '../support/http.ts'

/** Reads snapshots until one is as wanted. */
async function snapshot(url: string, wanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const outgoing = open(`${url}/events`)
  outgoing.end()
  const incoming = await responseTo(outgoing)
  let text = ''
  for await (const piece of incoming.setEncoding('utf8')) {
    text += String(piece)
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const found = json<Snapshot>(event.replace(/^event: snapshot\ndata: /, ''))
      if (wanted(found)) {
        outgoing.destroy()
        return found
      }
    }
  }
  throw new Error('the events ended')
}

/** A port that somebody has. */
async function takenPort(t: Cleanup): Promise<number> {
  const server: Server = createServer()
  t.after(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not TCP')
  return address.port
}

/** The workers of a report without what is another number a moment later. */
function still({ workers }: Pick<StatusReport, 'workers'>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(workers)
  return Object.fromEntries(
    entries.map(([name, worker]) => [name, { ...worker, traffic: null, memory_bytes: null }]),
  )
}

test('status, checks and events of a running gateway agree with each other', async (t) => {
  const running = await gateway(t, { ...apiOnly, env: { SOME_TOKEN: 'hunter2' } })
  const { url } = await running.ready()
  const admin = await running.adminUrl()
  for (let count = 0; count < 5; count++) await ask(`${url}/api/`)
  await ask(`${url}/api/nowhere`)

  assert.equal((await ask(`${admin}/livez`)).status, 200)
  assert.equal((await ask(`${admin}/readyz`)).status, 200)
  const status = json<StatusReport>((await ask(`${admin}/status`)).body)
  const told = await run(['status', '--json', '-c', 'fluxlit.toml'], { cwd: running.directory })
  const { gateway: own, ...others } = json<StatusReport>(told.stdout)
  assert.deepEqual({ ...own, uptime_s: 0 }, { ...status.gateway, uptime_s: 0 })
  assert.deepEqual(still(others), still(status))

  const seen = await snapshot(admin, ({ routes }) => (routes['api']?.seconds.length ?? 0) > 0)
  const { api } = seen.routes
  assert.deepEqual([api?.requests, api?.errors, api?.in_flight], [6, 0, 0])
  const [first] = api?.seconds ?? []
  assert.ok(first !== undefined && first.p50_ms > 0 && first.p99_ms >= first.p50_ms, JSON.stringify(first))
  const counted = json<StatusReport>((await ask(`${admin}/status`)).body).workers['api']
  assert.ok((counted?.traffic?.requests_per_s ?? 0) > 0, JSON.stringify(counted?.traffic))
  assert.ok((counted?.memory_bytes ?? 0) > 1_000_000)
  const worker = seen.workers['api']
  assert.equal(worker?.pid, status.workers['api']?.pid)
  assert.deepEqual([worker?.state, worker?.restart_reasons], ['ready', {}])
  assert.ok((worker?.memory_bytes ?? 0) > 1_000_000)
  assert.ok(seen.gateway.memory_bytes > 1_000_000 && seen.versions.node.startsWith('26.'))
  const app = seen.config?.find(({ path }) => path === 'workers.api.app')
  assert.deepEqual(app, { path: 'workers.api.app', value: 'api:app', origin: 'fluxlit.toml:2' })

  // What was told once is told again only when it changes.
  await snapshot(admin, ({ config }) => config === null)
  writeFileSync(join(running.directory, 'fluxlit.toml'), `${apiOnly.toml}required = false\n`)
  const changed = snapshot(
    admin,
    ({ config }) =>
      config?.some(({ path, value }) => path === 'workers.api.required' && value === false) === true,
  )
  const reloaded = await run(['reload', '-c', 'fluxlit.toml'], { cwd: running.directory })
  assert.equal(reloaded.code, 0, reloaded.stderr)
  assert.equal((await changed).reload.succeeded, true)
})

test('with a password nothing but the checks is answered without it, and no worker and no line has it', async (t) => {
  const env = {
    FLUXLIT_ADMIN_LISTEN: '0.0.0.0:0',
    FLUXLIT_ADMIN_PASSWORD_ENV: 'ADMIN_PASSWORD',
    ADMIN_PASSWORD: 'hunter2',
  }
  const running = await gateway(t, { ...apiOnly, env })
  const { url } = await running.ready()
  const admin = (await running.adminUrl()).replace('0.0.0.0', '127.0.0.1')
  for (const path of ['/', '/status', '/metrics', '/events'])
    assert.equal((await ask(admin + path)).status, 401, path)
  assert.equal((await ask(`${admin}/livez`)).status, 200)
  const authorization = `Basic ${Buffer.from('x:hunter2').toString('base64')}`
  const status = await ask(`${admin}/status`, { headers: { authorization } })
  assert.equal(status.status, 200)
  const environment = await ask(`${url}/api/environment`)
  assert.equal(json<Record<string, string>>(environment.body)['ADMIN_PASSWORD'], undefined)
  assert.ok(!environment.body.includes('hunter2'))
  await running.stop()
  assert.ok(!running.output.includes('hunter2'))
})

test('a page of somebody else cannot read it by way of its own name', async (t) => {
  const running = await gateway(t, apiOnly)
  const admin = await running.adminUrl()
  const rebound = await ask(`${admin}/status`, { headers: { host: 'evil.example:9464' } })
  assert.equal(rebound.status, 421)
})

test('a listener for metrics alone has metrics and a check, and nothing else', async (t) => {
  const env = { FLUXLIT_METRICS_LISTEN: '127.0.0.1:0', FLUXLIT_ADMIN_LISTEN: '' }
  const running = await gateway(t, { ...apiOnly, env })
  const record = await running.record('metrics', (line) => line['msg'] === 'metrics')
  const url = String(record['url'])
  assert.match((await ask(`${url}/metrics`)).body, /^fluxlit_build_info\{/m)
  assert.equal((await ask(`${url}/livez`)).status, 200)
  for (const path of ['/', '/status', '/events', '/readyz'])
    assert.equal((await ask(url + path)).status, 404, path)
  assert.ok(!running.records.some(({ msg }) => msg === 'status and metrics'))
})

test('a second gateway on a machine is on a socket of its own and says so', async (t) => {
  const holder = createServer()
  t.after(() => void holder.close())
  // Whoever has the usual port, this test or somebody else, it is taken.
  await new Promise<void>((resolve) => {
    holder
      .once('error', () => resolve())
      .once('listening', resolve)
      .listen(9464, '127.0.0.1')
  })
  const running: Gateway = await gateway(t, { ...apiOnly, env: { FLUXLIT_ADMIN_LISTEN: undefined } })
  const warning = await running.record(
    'the warning',
    ({ level, socket }) => level === 'warn' && socket !== undefined,
  )
  const path = String(warning['socket']).replace('unix:', '')
  assert.equal(await running.adminUrl(), `unix:${path}`)
  assert.ok(path.endsWith('/admin.sock'))
  await running.ready()
  assert.equal((await askSocket(path, 'GET', '/status')).status, 200)
  await running.stop()
  assert.throws(() => readFileSync(path), { code: 'ENOENT' })
})

test('an address somebody wrote that is taken ends the start before any worker', async (t) => {
  const port = await takenPort(t)
  const files = { ...apiOnly.files, 'fluxlit.toml': `[admin]\nlisten = "127.0.0.1:${port}"\n${apiOnly.toml}` }
  const directory = await freshDirectory(t, { files })
  const ended = await run(['serve', '-c', 'fluxlit.toml', '--port', '0'], { cwd: directory })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /error\[port_taken\]: fluxlit\.toml:2: 127\.0\.0\.1:\d+ is already in use/)
  assert.match(ended.stderr, /admin\.listen/)
  assert.doesNotMatch(ended.stdout, /worker/)
})

test('an address for everybody without a password is a mistake of the configuration', async (t) => {
  const directory = await freshDirectory(t, { files: { 'fluxlit.toml': apiOnly.toml, ...apiOnly.files } })
  const env = { FLUXLIT_ADMIN_LISTEN: '0.0.0.0:9464' }
  const ended = await run(['check', '-c', 'fluxlit.toml'], { cwd: directory, env })
  assert.equal(ended.code, 2)
  assert.match(ended.stderr, /admin_open/)
})
