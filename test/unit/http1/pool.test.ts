import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { ClientConnection, ClientLimits } from '../../../internal/http1/client-connection.ts'
import { Pool } from '../../../internal/http1/pool.ts'
import { rawServer } from '../../support/raw.ts'
import type { RawServer } from '../../support/raw.ts'
import { Answer, clientLimits, FakeTunnel, outgoing } from '../../support/worker-side.ts'

const two = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function pooled(
  t: TestContext,
  limits: Partial<ClientLimits> = {},
): Promise<{ readonly server: RawServer; readonly pool: Pool }> {
  const server = await rawServer(t, 'unix')
  const pool = new Pool(server.address, { ...clientLimits, ...limits })
  t.after(() => pool.destroy())
  return { server, pool }
}

/** Sends a request over a connection that the pool gave. */
function send(connection: ClientConnection, request = outgoing()): Answer {
  const answer = new Answer()
  connection.send(request, answer)
  return answer
}

/** Takes so many connections, sends a request over each, and answers them in the order in which they were taken. */
async function used(pool: Pool, server: RawServer, count: number): Promise<readonly ClientConnection[]> {
  const connections: ClientConnection[] = []
  const answers: Answer[] = []
  for (let index = 0; index < count; index += 1) {
    const connection = pool.take()
    connections.push(connection)
    answers.push(send(connection))
    await server.accept()
  }
  for (const [index, answer] of answers.entries()) {
    server.wires[index]?.send(two)
    await answer.until('end')
  }
  return connections
}

test('idle connections are used again, the one used last first', async (t) => {
  const { pool, server } = await pooled(t)
  const connections = await used(pool, server, 3)
  const taken = Array.from({ length: 4 }, () => connections.indexOf(pool.take()))
  assert.deepEqual(taken, [2, 1, 0, -1])
})

test('a connection that is in use is not given to another request', async (t) => {
  const { pool } = await pooled(t)
  const one = pool.take()
  send(one)
  assert.ok(pool.take() !== one)
})

test('a connection that the worker has closed, or on which it spoke unasked, is not given out', async (t) => {
  const { pool, server } = await pooled(t)
  const [closed, talkative, good] = await used(pool, server, 3)
  const ended = [closed, talkative].map((one) => new Promise((resolve) => one?.socket.once('close', resolve)))
  server.wires[0]?.end()
  server.wires[1]?.send(two)
  await Promise.all(ended)
  assert.ok(pool.take() === good)
  const fresh = pool.take()
  assert.ok(fresh !== closed && fresh !== talkative)
})

test('a connection that was idle for too long ends by itself', async (t) => {
  const { pool, server } = await pooled(t, { keepAliveMs: 20 })
  await used(pool, server, 1)
  await server.wires[0]?.ended
})

test('a connection whose time is over is not given out, even before it has ended', async (t) => {
  const { pool, server } = await pooled(t)
  const [connection] = await used(pool, server, 1)
  const now = performance.now()
  t.mock.method(performance, 'now', () => now + clientLimits.keepAliveMs + 1)
  const next = pool.take()
  assert.ok(next !== connection)
  assert.equal(connection?.socket.destroyed, true)
})

test('closing ends idle connections at once, lets requests finish, and is done when none is left', async (t) => {
  const { pool, server } = await pooled(t, { keepAliveMs: 0 })
  await used(pool, server, 2)
  const answer = send(pool.take())
  const closed = pool.close()
  assert.ok(pool.close() === closed)
  await server.wires[0]?.ended
  const done = closed.then(() => 'closed')
  assert.equal(await Promise.race([done, Promise.resolve('open')]), 'open')
  server.wires[1]?.send(two)
  await answer.until('end')
  assert.equal(answer.body, 'ok')
  await server.wires[1]?.ended
  await done
})

test('closing a pool that has no connections is done at once', async (t) => {
  const { pool } = await pooled(t)
  await pool.close()
})

test('a pool that closes still serves, and ends each connection behind its answer', async (t) => {
  const { pool, server } = await pooled(t, { keepAliveMs: 0 })
  await pool.close()
  const answer = send(pool.take())
  const worker = await server.accept()
  worker.send(two)
  await answer.until('end')
  await worker.ended
})

test('destroying ends everything, requests included', async (t) => {
  const { pool, server } = await pooled(t)
  const [idle] = await used(pool, server, 1)
  const busy = pool.take()
  assert.ok(busy === idle)
  const answers = [send(busy), send(pool.take())]
  await server.accept()
  for (const answer of answers) await answer.until('connected', 1)
  pool.destroy()
  for (const answer of answers) await answer.until('closed')
  await pool.close()
})

test('a connection for a tunnel is always a new one, and no longer the pool’s when it has become one', async (t) => {
  const { pool, server } = await pooled(t)
  const [idle] = await used(pool, server, 1)
  const connection = pool.openForTunnel()
  assert.ok(connection !== idle)
  const answer = send(connection, outgoing({ upgrade: true }))
  const worker = await server.accept()
  worker.send('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  await answer.until('switched')
  const tunnel = new FakeTunnel()
  connection.attach(tunnel)
  await pool.close()
  worker.send('still here')
  await tunnel.until('data')
  assert.equal(tunnel.data, 'still here')
  connection.socket.destroy()
})

test('a connection for a tunnel that got an ordinary answer serves other requests', async (t) => {
  const { pool, server } = await pooled(t)
  const connection = pool.openForTunnel()
  const answer = send(connection, outgoing({ upgrade: true }))
  const worker = await server.accept()
  worker.send(two)
  await answer.until('end')
  assert.ok(pool.take() === connection)
})
