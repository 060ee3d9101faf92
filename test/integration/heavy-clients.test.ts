import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { rawClient } from '../support/raw.ts'
import type { Wire } from '../support/raw.ts'
import { tcpEnd } from '../support/tcp-table.ts'
import { anonymousBytes, mebibytes } from '../support/usage.ts'

const mib = 1024 * 1024
const drain = '[drain]\ntimeout = "100ms"\n'

/** A worker in the test's own process that answers each request with a body of its own making, in order. */
interface Pourer {
  readonly url: string
  /** Bytes of answers that have left. */
  readonly sent: () => number
  /** Largest number of requests that were with it at the same time. */
  readonly most: () => number
}

/** Starts a {@link Pourer}. `bodyFor` gets the path. */
async function pourer(t: Cleanup, bodyFor: (path: string) => Buffer): Promise<Pourer> {
  const sockets = new Set<Socket>()
  let gone = 0
  let inFlight = 0
  let most = 0
  const answer = (socket: Socket, path: string): void => {
    inFlight -= 1
    const body = bodyFor(path)
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.write(body)
  }
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      gone += socket.bytesWritten
      sockets.delete(socket)
    })
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const path = text.split(' ', 2)[1] ?? ''
        text = text.slice(end + 4)
        inFlight += 1
        most = Math.max(most, inFlight)
        // Whoever sends the next request before this answer is caught with two.
        setImmediate(answer, socket, path)
      }
    })
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  return {
    url: `http://127.0.0.1:${address.port}`,
    sent: () =>
      gone + [...sockets].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0),
    most: () => most,
  }
}

async function inFront(t: Cleanup, worker: Pourer, keys = ''): Promise<Gateway> {
  const table = `[workers.ui]\nurl = "${worker.url}"\nmount = "/"\nprobe_interval = "1h"\n`
  return (await gateway(t, { toml: `${table}${keys}${drain}[log]\naccess = false\n` })).ready()
}

function connect(t: Cleanup, running: Gateway): Promise<Wire> {
  return rawClient(t, Number(new URL(running.url).port))
}

/** A connection whose answers nobody reads. */
async function reluctant(t: Cleanup, running: Gateway): Promise<Socket> {
  const { socket } = await connect(t, running)
  return socket.removeAllListeners('data').pause()
}

/** Resolves when nothing has moved for many round trips through the same gateway. */
async function standstill(t: Cleanup, running: Gateway, moved: () => number): Promise<void> {
  const probe = await connect(t, running)
  for (let still = 0, before = -1; still < 200;) {
    await probe.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n').answer()
    still = moved() === before ? still + 1 : 0
    before = moved()
  }
}

function grewBy(t: TestContext, { pid }: Gateway, before: number): number {
  const bytes = anonymousBytes(pid) - before
  t.diagnostic(`grew by ${mebibytes(bytes)}`)
  return bytes
}

test('two hundred clients that never read an answer of 10 MiB cost a bounded amount of memory', async (t) => {
  const body = Buffer.alloc(10 * mib)
  const worker = await pourer(t, () => body)
  const running = await inFront(t, worker)
  const before = anonymousBytes(running.pid)
  const clients = await Promise.all(Array.from({ length: 200 }, () => reluctant(t, running)))
  for (const client of clients) client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await standstill(t, running, worker.sent)
  assert.ok(grewBy(t, running, before) < 100 * mib)
})

test('D6: of 20 000 pipelined requests one at a time is with the worker, and they are answered in order', async (t) => {
  const worker = await pourer(t, (path) => Buffer.from(path))
  const running = await inFront(t, worker)
  const before = anonymousBytes(running.pid)
  const client = await connect(t, running)
  const paths = Array.from({ length: 20_000 }, (_, index) => `/${index}`)
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  for (const path of paths) assert.equal((await client.answer()).body, path)
  assert.equal(worker.most(), 1)
  assert.ok(grewBy(t, running, before) < 100 * mib)
})

test('D6b: of 50 000 pipelined requests whose answers are not read few are asked, and their client is dropped', async (t) => {
  const body = Buffer.alloc(65_536)
  const worker = await pourer(t, () => body)
  const running = await inFront(t, worker, '[timeouts]\nbody_idle = "3s"\n')
  const before = anonymousBytes(running.pid)
  const client = await reluctant(t, running)
  client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50_000))
  await standstill(t, running, worker.sent)
  assert.ok(grewBy(t, running, before) < 50 * mib)
  assert.ok(worker.sent() < 1000 * 65_536, `${worker.sent()} bytes were asked for`)
  const { localPort = 0, remotePort = 0 } = client
  await eventually('it is dropped', () => tcpEnd(localPort, remotePort)?.isEstablished !== true)
})
