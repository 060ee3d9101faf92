import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'

import { SocketClient } from '../../../../scripts/bench/load/socket-client.ts'
import { Connection } from '../../../../scripts/bench/upstream/connection.ts'
import { Events } from '../../../../scripts/bench/upstream/events.ts'

/** The bench's upstream in this process; its port. */
async function upstream(t: TestContext): Promise<number> {
  const shared = { events: new Events(), sockets: new Set<Socket>() }
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    return new Connection(socket, shared)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function text(port: number, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
}

suite("the bench's own upstream", () => {
  test('counts an upload, whether its length was told or its body comes in chunks', async (t) => {
    const port = await upstream(t)
    for (const headers of [{ 'content-length': 300_000 }, { 'transfer-encoding': 'chunked' }]) {
      const sent = request({ port, host: '127.0.0.1', method: 'POST', path: '/upload', headers })
      sent.write(Buffer.alloc(200_000, 'x'))
      sent.end(Buffer.alloc(100_000, 'x'))
      const [answer] = await once(sent, 'response')
      const [body] = await once(answer, 'data')
      const received = Number(/{"received":(\d+)}/.exec(String(body))?.[1])
      assert.ok(received >= 300_000 && received < 301_000, String(body))
    }
  })

  test('answers a head that comes byte by byte, and the next one on the same connection', async (t) => {
    const socket = connect({ port: await upstream(t), host: '127.0.0.1', noDelay: true })
    t.after(() => socket.destroy())
    for (let round = 0; round < 2; round += 1) {
      for (const byte of 'GET / HTTP/1.1\r\nHost: a\r\n\r\n') socket.write(byte)
      const [bytes] = await once(socket, 'data')
      assert.match(String(bytes), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"name":"Ada".*\}$/)
    }
  })

  test('sends as many bytes as were asked for', async (t) => {
    assert.equal((await text(await upstream(t), '/bytes?size=1000001')).length, 1_000_001)
  })

  test('sends events that carry the time they were sent', async (t) => {
    const answer = await fetch(`http://127.0.0.1:${await upstream(t)}/events`)
    const reader = answer.body?.getReader()
    const first = Buffer.from((await reader?.read())?.value ?? []).toString()
    await reader?.cancel()
    const sentAt = BigInt(/^data: (\d{20})\.+\n\n/.exec(first)?.[1] ?? 0)
    assert.ok(sentAt > 0n && sentAt <= process.hrtime.bigint(), first)
  })

  test('answers every message of a WebSocket, and hangs up on all of them when asked to', async (t) => {
    const port = await upstream(t)
    const clients = [new SocketClient(port, 1024), new SocketClient(port, 10)]
    await Promise.all(clients.map(({ opened }) => opened))
    assert.deepEqual(
      clients.map(({ messages }) => messages),
      [0, 0],
    )
    for (const client of clients) client.start()
    while (clients.some(({ messages }) => messages < 3)) await text(port, '/')
    const closed = clients.map((client) => client.closed)
    assert.equal(await text(port, '/hang-up'), '{"closed":true}')
    await Promise.all(closed)
    assert.deepEqual(
      clients.map(({ isOpen }) => isOpen),
      [false, false],
    )
  })

  test('makes a client say so when the handshake is refused', async (t) => {
    const server = createServer((socket) => socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await assert.rejects(new SocketClient(port, 10).opened, /answered with 403/)
  })
})
