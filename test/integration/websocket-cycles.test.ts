import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { Cleanup } from '../support/cleanup.ts'
import { cycles, letter, obey } from '../support/cycles.ts'
import { eventually } from '../support/eventually.ts'
import { front, mounted } from '../support/front.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway, GatewayOptions } from '../support/gateway.ts'
import { socketWorker } from '../support/socket-worker.ts'
import type { SocketWorker, SocketWorkerOptions } from '../support/socket-worker.ts'
import { anonymousBytes, descriptors, mebibytes } from '../support/usage.ts'
import { webSockets } from '../support/web-sockets.ts'

const kib = 1024
const mib = 1024 * kib

interface Place {
  readonly running: Gateway
  readonly worker: SocketWorker
  readonly port: number
}

/** A gateway with nothing but a worker for WebSockets at `/`. */
async function place(t: Cleanup, options: SocketWorkerOptions = {}): Promise<Place> {
  const worker = await socketWorker(t, options)
  const table = `[workers.ui]\nurl = "${worker.url}"\nmount = "/"\n[drain]\ntimeout = "100ms"\n`
  const given: GatewayOptions = { toml: `${table}[log]\naccess = false\n` }
  const running = await (await gateway(t, given)).ready()
  return { running, worker, port: Number(new URL(running.url).port) }
}

const many = process.env['SLOW'] === '1' ? 10_000 : 2_000

test(`U19: ${many} sockets opened and ended in four ways leave no descriptor behind`, async (t) => {
  if (many < 10_000) t.diagnostic('2 000 take some seconds; SLOW=1 makes it 10 000')
  const { running, worker, port } = await place(t, { kind: 'tcp', onOpen: obey })
  const start = descriptors(running.pid)
  await cycles(port, many)
  await eventually('no socket is left', () => worker.open.size === 0)
  await eventually('no descriptor is left', () => descriptors(running.pid) <= start)
})

test(`U19: ${many} sockets opened and ended in four ways leave nothing in the heap`, async (t) => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  // In this process, where the garbage can be collected: by itself the runtime waits for some ten thousand sockets.
  const worker = await socketWorker(t, { kind: 'tcp', onOpen: obey })
  const address = { kind: 'tcp', host: '127.0.0.1', port: Number(new URL(worker.url).port) } as const
  const opened = await front(t, { workers: [{ config: mounted('http', 'ui', '/'), address }] })
  const heap = async (): Promise<number> => {
    await eventually('no socket is left', () => worker.open.size + (opened.backends[0]?.tunnels ?? 0) === 0)
    collect()
    return process.memoryUsage().heapUsed
  }
  await cycles(opened.port, 500)
  const before = await heap()
  await cycles(opened.port, many)
  const each = ((await heap()) - before) / many
  t.diagnostic(`${Math.round(each)} bytes for each, its line in the test's access log among them`)
  assert.ok(each < 4 * kib, `${each} bytes`)
})

test('U20: 100 MiB for a client that does not read wait at the worker, and all of them arrive later', async (t) => {
  const piece = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0]), Buffer.alloc(mib)])
  const count = 100
  let left = 0
  const { running, port } = await place(t, {
    onOpen: (socket) => {
      const next = (): void => {
        left += 1
        if (left < count) socket.write(piece, next)
      }
      socket.write(piece, next)
      socket.on('data', (bytes: Buffer) => bytes.length > 0 && passed?.())
    },
  })
  let passed: (() => void) | null = null
  const before = anonymousBytes(running.pid)
  const [socket] = await webSockets(t, port, 1)
  assert.ok(socket !== undefined)
  // The other direction is the clock: nothing has moved for many messages.
  for (let still = 0, last = -1; still < 50; last = left) {
    still = left === last ? still + 1 : 0
    const arrived = new Promise<void>((resolve) => (passed = resolve))
    socket.write(letter('x'))
    await arrived
  }
  const grown = anonymousBytes(running.pid) - before
  t.diagnostic(`${left} MiB were taken, ${mebibytes(grown)} more in memory`)
  assert.ok(grown < 32 * mib, mebibytes(grown))
  assert.ok(left < count / 2, `${left} MiB were taken`)
  let got = 0
  await new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => (got += bytes.length) === count * piece.length && resolve()).resume()
  })
})

test('an open socket that says nothing costs less than 40 KiB', async (t) => {
  const { running, port, worker } = await place(t)
  await webSockets(t, port, 200)
  const before = anonymousBytes(running.pid)
  await webSockets(t, port, 3_000)
  const each = (anonymousBytes(running.pid) - before) / 3_000
  t.diagnostic(`${(each / kib).toFixed(1)} KiB for each of 3 000`)
  assert.equal(worker.open.size, 3_200)
  assert.ok(each < 40 * kib, `${each} bytes`)
})
