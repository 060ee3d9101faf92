import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { open } from '../support/http.ts'
import { python } from '../support/python.ts'
import { pidOf, status } from '../support/verb.ts'

/** Within this time after the end of the gateway nothing of it may be left, in milliseconds. */
const limitMs = 10_000

const node = `import { createServer } from 'node:http'
process.on('SIGTERM', () => {})
createServer((_, response) => response.end('node')).listen(Number(process.argv[2]), '127.0.0.1')
`

const toml = `[workers.api]
app = "trouble:app"
probe_interval = "1h"
[workers.ui]
script = "headers.py"
[workers.files]
command = [${JSON.stringify(python())}, "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
mount = "/files"
[workers.node]
command = [${JSON.stringify(process.execPath)}, "server.mjs", "{port}"]
mount = "/node"
[workers.queue]
kind = "process"
command = ["sh", "-c", "trap '' TERM; sleep 100000 & wait; sleep 100000"]
`

const files = {
  'trouble.py': app('trouble.py'),
  'headers.py': app('headers.py'),
  'server.mjs': node,
}

test('42: SIGKILL of the gateway: within 10 s no process of it is left, every port and socket is free', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()
  const addresses = Object.values((await status(running)).workers).flatMap(({ address }) => address ?? [])
  assert.equal(addresses.length, 4)
  // One holds the interpreter's lock, one is stopped, one is no Python, one ignores SIGTERM and has a child.
  const hold = open(`${running.url}/api/hold`, { method: 'POST' })
  hold.on('error', () => undefined)
  hold.end()
  await eventually('the lock is held', () => existsSync(join(running.directory, 'held')))
  process.kill(await pidOf(running, 'files'), 'SIGSTOP')
  assert.ok(running.processes().length >= 6)

  running.signal('SIGKILL')
  await running.exited
  await eventually('no process is left', () => running.processes().length === 0, limitMs).catch(
    () => undefined,
  )
  assert.deepEqual(
    running.processes().map(({ command }) => command),
    [],
  )
  for (const address of addresses) assert.equal(await isFree(address), true, address)
  assert.equal(await isFree(new URL(running.url).host), true)
})

test('36: one that escaped into a session of its own is ended by the next gateway', async (t) => {
  const escape = 'setsid sleep 100000 & echo escaped; exec sleep 100000'
  const queue = `[workers.queue]\nkind = "process"\ncommand = ["sh", "-c", ${JSON.stringify(escape)}]\n`
  const first = await (await gateway(t, { toml: queue })).ready()
  await first.record('the escape', (record) => JSON.stringify(record).includes('escaped'))
  first.signal('SIGKILL')
  await first.exited
  const [escapee] = await eventually('only the escapee is left', () => onlySleeper(first), limitMs)
  const second = await (await gateway(t, { cwd: first.directory })).ready()
  const line = await second.record('what was left behind', ({ pids }) => Array.isArray(pids))
  assert.deepEqual(line['pids'], [escapee])
  assert.deepEqual(first.processes(), [])
})

test('a gateway that was killed is no obstacle for the next one on the same port', async (t) => {
  const plain = '[workers.api]\napp = "trouble:app"\n'
  const first = await (await gateway(t, { toml: plain, files })).ready()
  const { port } = new URL(first.url)
  first.signal('SIGKILL')
  await first.exited
  const args = ['--port', port]
  const second = await (await gateway(t, { cwd: first.directory, ownPort: true, args })).ready()
  assert.equal(new URL(second.url).port, port)
})

function onlySleeper(running: Gateway): readonly number[] | undefined {
  const left = running.processes()
  return left.length === 1 && left[0]?.command === 'sleep 100000' ? left.map(({ pid }) => pid) : undefined
}

// `unix:/path` or `host:port`: nobody listens there any more, and somebody else can.
async function isFree(address: string): Promise<boolean> {
  if (address.startsWith('unix:')) return !(await answers(address.slice('unix:'.length)))
  const [host, port] = address.split(':')
  const server = createServer().listen(Number(port), host)
  await once(server, 'listening')
  server.close()
  return true
}

function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  return new Promise((resolve) => {
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
}
