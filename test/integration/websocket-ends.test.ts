import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { plainAnswer, rawClient, rawServer } from '../support/raw.ts'
import type { RawServer, Wire } from '../support/raw.ts'
import { tcpEnd } from '../support/tcp-table.ts'
import { descriptors } from '../support/usage.ts'
import { agreement, handshake } from '../support/websocket.ts'

const message = Buffer.from([0x82, 3, 1, 2, 3]).toString('latin1')
const restarting = Buffer.from([0x88, 2, 0x03, 0xf4]).toString('latin1')

/** The gateway in front of a worker that does what the test writes. */
class Place {
  readonly running: Gateway
  readonly #server: RawServer

  constructor(running: Gateway, server: RawServer) {
    this.running = running
    this.#server = server
  }

  /** Both ends of an open socket; `send` writes the handshake. */
  async open(
    t: Cleanup,
    send = (client: Wire) => void client.send(handshake()),
  ): Promise<readonly [Wire, Wire]> {
    const client = await rawClient(t, Number(new URL(this.running.url).port))
    send(client)
    const worker = await this.#server.accept()
    await worker.request()
    worker.send(agreement())
    assert.equal((await client.answer()).status, 101)
    return [client, worker]
  }
}

async function place(t: Cleanup): Promise<Place> {
  const server = await rawServer(t)
  if (server.address.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const url = `http://127.0.0.1:${server.address.port}`
  const table = `[workers.ui]\nurl = "${url}"\nmount = "/"\nprobe_interval = "1h"\n`
  const running = await gateway(t, { toml: `${table}[drain]\ntimeout = "100ms"\n` })
  const probe = await server.accept()
  await probe.request()
  probe.send(plainAnswer.replace('\r\n', '\r\nConnection: close\r\n')).end()
  return new Place(await running.ready(), server)
}

function isProbed(localPort = 0, remotePort = 0): boolean {
  return tcpEnd(localPort, remotePort)?.isProbed === true
}

/** Writes every byte by itself. */
async function crumble(wire: Wire, bytes: string): Promise<void> {
  for (const byte of bytes) await new Promise((resolve) => wire.socket.write(byte, 'latin1', resolve))
}

test('WebSockets end on both sides, however one of them ends', async (t) => {
  const opened = await place(t)
  const { running } = opened
  const port = Number(new URL(running.url).port)
  const before = descriptors(running.pid)
  t.afterEach(() => eventually('no descriptor is left', () => descriptors(running.pid) <= before))

  await t.test('U19: a client that ends its side still gets what the worker has to say', async (s) => {
    const [client, worker] = await opened.open(s)
    client.send(message).end()
    assert.equal(await worker.rest(), message)
    worker.send(message)
    assert.equal(await client.bytes(message.length), message)
    worker.end()
    await client.ended
    await client.closed
  })

  await t.test(
    'U19: a worker that ends its side ends the socket, with a close frame in its place',
    async (s) => {
      const [client, worker] = await opened.open(s)
      worker.send(message).end()
      assert.equal(await client.rest(), message + restarting)
      client.end()
      await worker.closed
    },
  )

  await t.test('U19: a close frame of the worker is the last thing that arrives', async (s) => {
    const [client, worker] = await opened.open(s)
    const goodbye = Buffer.from([0x88, 2, 0x10, 0xe1]).toString('latin1')
    worker.send(message + goodbye).end()
    assert.equal(await client.rest(), message + goodbye)
    client.end()
  })

  await t.test('U19: a client that breaks the connection takes the worker’s side with it', async (s) => {
    const [client, worker] = await opened.open(s)
    client.reset()
    await worker.ended
    worker.end()
  })

  await t.test(
    'U19: a worker that breaks the connection between messages is a service restart',
    async (s) => {
      const [client, worker] = await opened.open(s)
      worker.reset()
      assert.equal(await client.rest(), restarting)
      client.end()
    },
  )

  await t.test('U19: a worker that breaks off inside a message leaves it broken', async (s) => {
    const [client, worker] = await opened.open(s)
    worker.send(message.slice(0, 4))
    await client.bytes(4)
    worker.reset()
    assert.equal(await client.rest(), '')
    client.end()
  })

  await t.test('U19: both ends are probed by the kernel, so that one that vanishes is found', async (s) => {
    const [client, worker] = await opened.open(s)
    await eventually('the client is probed', () => isProbed(port, client.socket.localPort))
    const { remotePort, localPort } = worker.socket
    await eventually('the worker is probed', () => isProbed(remotePort, localPort))
    client.end()
    worker.end()
  })

  await t.test('U21: handshake and frames one byte at a time arrive as they are', async (s) => {
    const [client, worker] = await opened.open(s, (wire) => void crumble(wire, handshake()))
    const masked = Buffer.from([0x82, 0x83, 0, 0, 0, 0, 1, 2, 3]).toString('latin1')
    await Promise.all([crumble(client, masked.repeat(20)), crumble(worker, message.repeat(20))])
    assert.equal(await worker.bytes(masked.length * 20), masked.repeat(20))
    assert.equal(await client.bytes(message.length * 20), message.repeat(20))
    worker.end()
    assert.equal(await client.rest(), restarting)
    client.end()
  })
})
