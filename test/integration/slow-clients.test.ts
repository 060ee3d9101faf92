import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { load } from '../support/load.ts'
import { field } from '../support/message.ts'
import { rawClient, rawServer } from '../support/raw.ts'
import { socketWorker } from '../support/socket-worker.ts'

const drain = '[drain]\ntimeout = "100ms"\n'

function portOf(running: Gateway): number {
  return Number(new URL(running.url).port)
}

/** A gateway whose worker at `/` answers everything. */
async function answering(t: Cleanup, keys: string): Promise<Gateway> {
  const worker = await socketWorker(t)
  const toml = `[workers.ui]\nurl = "${worker.url}"\nmount = "/"\n${keys}${drain}`
  return (await gateway(t, { toml })).ready()
}

/** Real FastAPI at /api that keeps a journal. */
async function journalling(t: Cleanup, keys: string): Promise<Gateway> {
  const toml = `[workers.api]\napp = "journal:app"\n${keys}${drain}`
  return (await gateway(t, { toml, files: { 'journal.py': app('journal.py') } })).ready()
}

/** Sends a piece again and again until the connection ends: how a client is slow. */
function drip(socket: Socket, piece: string | Buffer, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece), everyMs)
  socket.once('end', () => clearInterval(timer)).once('close', () => clearInterval(timer))
}

test('D1: a thousand silent connections are ended at the limit for heads, and others are served all the time', async (t) => {
  const running = await answering(t, '[timeouts]\nheaders = "2s"\n')
  const others = load(t, { url: `${running.url}/` })
  let ended = 0
  const all = Promise.withResolvers<void>()
  const silent = Array.from({ length: 1000 }, () => {
    const socket = connect({ port: portOf(running), host: '127.0.0.1' })
    socket.on('error', () => undefined)
    return socket.once('close', () => (ended += 1) === 1000 && all.resolve()).resume()
  })
  t.after(() => silent.forEach((socket) => void socket.destroy()))
  await all.promise
  await others.more(10)
  assert.deepEqual(others.failed, [])
})

test('D2: a head that drips in is 408 at the limit, however often something of it comes', async (t) => {
  const running = await answering(t, '[timeouts]\nheaders = "500ms"\n')
  const client = await rawClient(t, portOf(running))
  client.send('GET / HTTP/1.1\r\nHost: a\r\nX: ')
  drip(client.socket, 'x', 20)
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [408, 'close'])
})

/** Waits until the endpoint that reads a body as it comes was left in the middle of it. */
async function left({ directory }: Gateway): Promise<void> {
  await eventually('the endpoint was left', async () => {
    const lines = (await readFile(join(directory, 'journal'), 'utf8')).trim().split('\n')
    return lines.join() === 'stream began,stream was left'
  })
}

test('a body that stops is 408, and the endpoint that reads it is left', async (t) => {
  const running = await journalling(t, '[timeouts]\nbody_idle = "500ms"\n')
  const client = await rawClient(t, portOf(running))
  client.send('POST /api/stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf')
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [408, 'close'])
  await left(running)
})

test('D3: a body below the least rate is 408, and the endpoint that reads it is left', async (t) => {
  const running = await journalling(t, '[timeouts]\nbody_idle = "500ms"\n[limits]\nbody_min_rate = "1MiB"\n')
  const client = await rawClient(t, portOf(running))
  client.send('POST /api/stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')
  drip(client.socket, 'x', 20)
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [408, 'close'])
  await left(running)
})

test('a slow body above the least rate may take longer than the idle limit', async (t) => {
  const running = await journalling(t, '[timeouts]\nbody_idle = "2s"\n[limits]\nbody_min_rate = "16B"\n')
  const client = await rawClient(t, portOf(running))
  client.send(`POST /api/stream HTTP/1.1\r\nHost: a\r\nContent-Length: ${150 * 20}\r\n\r\n`)
  drip(client.socket, 'x'.repeat(20), 20)
  const answer = await client.answer()
  assert.deepEqual([answer.status, answer.body], [200, '{"bytes":3000}'])
})

test('D4: who does not take an answer is dropped, while another takes the same one to its end', async (t) => {
  const total = 32 * 1024 * 1024
  const server = await rawServer(t)
  if (server.address.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const url = `http://127.0.0.1:${server.address.port}`
  const worker = `[workers.ui]\nurl = "${url}"\nmount = "/"\nprobe_interval = "1h"\n`
  const toml = `${worker}[timeouts]\nbody_idle = "1s"\n${drain}`
  const running = await gateway(t, { toml })
  const pour = async (): Promise<(typeof server.wires)[number]> => {
    const wire = await server.accept()
    await wire.request()
    wire.send(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${total}\r\n\r\n`)
    wire.pour(Buffer.alloc(65_536), total / 65_536)
    return wire
  }
  const probe = await server.accept()
  await probe.request()
  probe.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  await running.ready()
  const ask = async (): Promise<Socket> => {
    const { socket } = await rawClient(t, portOf(running))
    socket.removeAllListeners('data').pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    return socket
  }
  await ask()
  const slow = await pour()
  const fast = await ask()
  await pour()
  let taken = 0
  const complete = new Promise<void>((resolve) => {
    fast.on('data', (bytes: Buffer) => (taken += bytes.length) > total && resolve()).resume()
  })
  await complete
  // Its worker is told at once that nobody wants the rest.
  await slow.closed
  assert.ok(slow.socket.bytesWritten < total, `${slow.socket.bytesWritten} bytes were taken`)
})
