import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'

import { originOfKey } from '../../../internal/app/bind.ts'
import { openListener, createRequestDeps } from '../../../internal/app/listeners.ts'
import { StartupError } from '../../../internal/fault/startup.ts'
import { configuration, front } from '../../support/front.ts'
import { field } from '../../support/message.ts'
import { plainAnswer } from '../../support/raw.ts'
import { through } from '../../support/through.ts'
import { agreement, handshake } from '../../support/websocket.ts'

const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'
const limits = {
  headersMs: 30_000,
  bodyIdleMs: 60_000,
  keepAliveMs: 75_000,
  connectMs: 1,
  responseHeadersMs: 0,
  responseIdleMs: 0,
}

test('closing refuses new connections and ends idle ones', async (t) => {
  const gateway = await front(t, { workers: [] })
  const client = await gateway.connect()
  await client.send(get).answer()
  await gateway.listener.close()
  await client.ended
  await assert.rejects(gateway.connect(), { code: 'ECONNREFUSED' })
})

test('who is sent away is answered, on a kept and on a new connection, and each answer is the last', async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  worker.send(plainAnswer)
  assert.match(field(await client.answer(), 'Connection') ?? 'none', /none|keep-alive/)
  gateway.listener.sendAway()
  for (const each of [client, await gateway.connect()]) {
    each.send(get)
    await worker.request()
    worker.send(plainAnswer)
    const answer = await each.answer()
    assert.deepEqual([answer.status, field(answer, 'Connection')], [200, 'close'])
    await each.ended
  }
})

test('who is sent away and asks nothing more is ended', async (t) => {
  const gateway = await front(t, { workers: [] })
  const client = await gateway.connect()
  await client.send(get).answer()
  gateway.listener.sendAway(1)
  await client.ended
  assert.equal(field(await (await gateway.connect()).send(get).answer(), 'Connection'), 'close')
})

test('a request that was on its way when the listener closed is answered', async (t) => {
  const { front: gateway, server, client } = await through(t)
  const closed = gateway.listener.close()
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  worker.send(plainAnswer)
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [200, 'close'])
  await closed
})

test("closing lets a request in flight finish, and its answer is the connection's last", async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  const closed = gateway.listener.close()
  worker.send(plainAnswer)
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [200, 'close'])
  await closed
})

test('closing also ends a connection whose answer had promised to keep it', async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  worker.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no')
  assert.match(await client.until('\r\n\r\no'), /keep-alive/)
  const closed = gateway.listener.close()
  worker.send('k')
  assert.equal(await client.rest(), 'k')
  await closed
})

test('a request on a connection that was busy at the close is served and the last', async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(get + get)
  const worker = await server.accept()
  await worker.request()
  const closed = gateway.listener.close()
  worker.send(plainAnswer)
  assert.equal((await client.answer()).status, 200)
  await client.ended
  await closed
})

test('an open socket outlives the close until it is ended', async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(handshake())
  const worker = await server.accept()
  await worker.request()
  worker.send(agreement())
  await client.answer()
  const closed = gateway.listener.close()
  client.send('still')
  assert.equal(await worker.bytes(5), 'still')
  gateway.backends[0]?.closeTunnels(1012, 0)
  await client.ended
  client.end()
  await client.ended
  await closed
})

test('destroying ends everything, also a second time', async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(get)
  await (await server.accept()).request()
  gateway.listener.destroy()
  gateway.listener.destroy()
  await client.ended
  await gateway.listener.close()
})

test('bytes that are not HTTP are refused behind the answer that is on its way, never inside it', async (t) => {
  const { front: gateway, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  worker.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha')
  await client.until('ha')
  client.send('\x00\x00\r\n\r\n')
  worker.send('ha')
  await client.until('ha')
  assert.equal((await client.answer()).status, 400)
  assert.equal(await client.ended, 'end')
  assert.deepEqual(
    (await gateway.settled(2)).map(({ status }) => status),
    [200, 400],
  )
})

test('a client that sends on after bytes that are not HTTP still gets its answer', async (t) => {
  const gateway = await front(t, { workers: [] })
  const client = await gateway.connect()
  client.send('\x16\x03\x01\r\n\r\n')
  assert.match(await client.until(' 400 '), /^HTTP\/1\.1/)
  client.send('more\x00\r\n\r\n')
  const text = await client.rest()
  assert.match(text, /does not begin with a method/)
  assert.doesNotMatch(text, /HTTP\/1\.1/)
  assert.equal(gateway.records.length, 1)
})

test('a head that does not come in time is 408', async (t) => {
  const timeouts = { ...limits, headersMs: 1, websocketIdleMs: 0, holdMs: 0 }
  const gateway = await front(t, { workers: [], config: { timeouts } })
  const client = await gateway.connect()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n')
  assert.equal((await client.answer()).status, 408)
  assert.equal((await gateway.settled(1))[0]?.reason, 'request_timeout')
})

test('a taken port is told with its place and a cure', async (t) => {
  const other = createServer()
  t.after(() => void other.close())
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  const deps = createRequestDeps({
    config: configuration(),
    backends: [],
    health: () => ({ workers: [], draining: false }),
    accessLog: () => undefined,
  })
  const error: unknown = await openListener(
    { host: '127.0.0.1', port: address.port },
    originOfKey('--port', '--port'),
    () => deps({ kind: 'public' }),
  ).catch((caught: unknown) => caught)
  assert.ok(error instanceof StartupError)
  assert.equal(error.exitCode, 1)
  const [problem] = error.problems
  assert.deepEqual([problem?.code, problem?.where], ['port_taken', '--port'])
  assert.match(problem?.message ?? '', new RegExp(`127\\.0\\.0\\.1:${address.port} is already in use`))
  assert.match(problem?.hint ?? '', /--port/)
})

test('an address of another machine cannot be listened on', async () => {
  const deps = createRequestDeps({
    config: configuration(),
    backends: [],
    health: () => ({ workers: [], draining: false }),
    accessLog: () => undefined,
  })
  await assert.rejects(
    openListener({ host: '192.0.2.1', port: 0 }, originOfKey('gateway_host', 'fluxlit.toml:1'), () =>
      deps({ kind: 'public' }),
    ),
    {
      message: '192.0.2.1:0 is not an address of this machine',
    },
  )
})

test('the address shown is one a browser can open', async (t) => {
  const gateway = await front(t, { workers: [], config: { listen: { host: '0.0.0.0', port: 0 } } })
  assert.equal(gateway.listener.url, `http://localhost:${gateway.port}`)
  const six = await front(t, { workers: [], config: { listen: { host: '::1', port: 0 } } })
  assert.equal(six.listener.url, `http://[::1]:${six.port}`)
})
