import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { rawClient } from '../support/raw.ts'
import type { Wire } from '../support/raw.ts'
import { socketWorker } from '../support/socket-worker.ts'
import type { SocketWorker } from '../support/socket-worker.ts'
import { verb } from '../support/verb.ts'
import { webSockets } from '../support/web-sockets.ts'
import { handshake } from '../support/websocket.ts'

const kib = 1024
const goodbye = Buffer.from([0x88, 2, 0x03, 0xf4]).toString('latin1')

/** A frame as a server sends it; `first` is its first byte: FIN and opcode. */
function frame(first: number, size: number, fill = 'a'): Buffer {
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = size < 126 ? size : size < 65_536 ? 126 : 127
  if (size >= 65_536) head.writeBigUInt64BE(BigInt(size), 2)
  else if (size >= 126) head.writeUInt16BE(size, 2)
  return Buffer.concat([head, Buffer.alloc(size, fill)])
}

const whole = 0x82
const [begin, middle, end] = [0x02, 0x00, 0x80]
const ping = frame(0x89, 4)

async function place(
  t: Cleanup,
  onOpen: (socket: Socket) => void,
): Promise<readonly [Gateway, SocketWorker]> {
  const worker = await socketWorker(t, { onOpen })
  const table = `[workers.ui]\nurl = "${worker.url}"\nmount = "/"\n`
  const running = await gateway(t, { toml: `${table}[drain]\ntimeout = "10s"\n` })
  return [await running.ready(), worker]
}

/** Resolves when the gateway takes no connection any more: from then on sockets are being closed. */
async function draining(running: Gateway): Promise<void> {
  running.signal('SIGTERM')
  await eventually('no connection is taken', () =>
    ask(`${running.url}/__fluxlit/livez`).then(
      () => false,
      () => true,
    ),
  )
}

/** Sends messages of all sizes without end, some of them in pieces with a ping between, as the other side takes them. */
function chatter(socket: Socket): void {
  const sizes = [1, 125, 126, 5_000, 65_536, 200_000]
  let number = 0
  const next = (): void => {
    if (socket.destroyed) return
    const size = sizes[(number += 1) % sizes.length] ?? 1
    const pieces =
      number % 2 === 0 ? [frame(whole, size)] : [frame(begin, size), ping, frame(middle, size), frame(end, 1)]
    socket.write(Buffer.concat(pieces), () => setTimeout(next, 5))
  }
  next()
}

/** A client that counts messages, and is as strict as a browser. */
async function listener(
  t: Cleanup,
  url: string,
): Promise<{ readonly messages: () => number; readonly code: Promise<number> }> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  t.after(() => socket.terminate())
  let messages = 0
  const code = new Promise<number>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', resolve)
  })
  const heard = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      messages += 1
      if (data.some((byte) => byte !== 0x61)) socket.emit('error', new Error('another message arrived'))
      if (messages === 20) resolve()
    })
  })
  await Promise.race([heard, code])
  return { messages: () => messages, code }
}

test('U22: a hundred sockets in the middle of their traffic end between two messages, with 1012', async (t) => {
  const [running, worker] = await place(t, chatter)
  const clients = await Promise.all(Array.from({ length: 100 }, () => listener(t, running.socketUrl)))
  running.signal('SIGTERM')
  const codes = await Promise.all(clients.map(({ code }) => code))
  assert.deepEqual(
    codes,
    codes.map(() => 1012),
  )
  const { code, stderr } = await running.exited
  assert.equal(code, 0, stderr)
  assert.equal(worker.open.size, 0)
  t.diagnostic(`${clients.reduce((sum, { messages }) => sum + messages(), 0)} messages arrived`)
})

const inside: readonly (readonly [string, readonly Buffer[], readonly Buffer[]])[] = [
  [
    'in the middle of a frame',
    [frame(whole, 1024 * kib).subarray(0, 300 * kib)],
    [frame(whole, 1024 * kib).subarray(300 * kib)],
  ],
  ['in the head of a frame', [frame(whole, 200).subarray(0, 3)], [frame(whole, 200).subarray(3)]],
  ['between two frames of a message', [frame(begin, 10)], [ping, frame(middle, 70_000), frame(end, 3)]],
  ['behind a ping between two frames of a message', [frame(begin, 10), ping], [frame(end, 0)]],
]

for (const [where, before, after] of inside) {
  test(`U22: a socket that is to end ${where} ends behind the message, with 1012`, async (t) => {
    const [running, worker] = await place(t, (socket) => {
      for (const bytes of before) socket.write(bytes)
    })
    const client: Wire = await rawClient(t, Number(new URL(running.url).port))
    assert.equal((await client.send(handshake()).answer()).status, 101)
    const already = Buffer.concat(before).toString('latin1')
    assert.equal(await client.bytes(already.length), already)
    await draining(running)
    assert.equal(client.pending, '')
    const [socket] = worker.open
    // Behind the end of the message nothing may follow the close frame.
    socket?.write(Buffer.concat([...after, frame(whole, 5, 'z')]))
    const rest = await client.rest()
    assert.ok(rest === Buffer.concat(after).toString('latin1') + goodbye, `${rest.length} bytes came`)
    client.end()
    assert.equal((await running.exited).code, 0)
  })
}

test('a reload that takes a worker away says 1012 to every one of its thousand sockets', async (t) => {
  const worker = await socketWorker(t, {})
  const table = (mount: string): string => `[workers.ui]\nurl = "${worker.url}"\nmount = "${mount}"\n`
  const running = await (await gateway(t, { toml: table('/') })).ready()
  const sockets = await webSockets(t, Number(new URL(running.url).port), 1_000)
  await writeFile(join(running.directory, 'fluxlit.toml'), table('/moved'))
  const ended = sockets.map(async (socket) => {
    const pieces: Buffer[] = []
    socket.on('data', (bytes: Buffer) => pieces.push(bytes)).resume()
    await once(socket, 'end')
    return Buffer.concat(pieces).toString('latin1')
  })
  const { code, stderr } = await verb(running, 'reload')
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    (await Promise.all(ended)).filter((said) => said !== goodbye),
    [],
  )
})
