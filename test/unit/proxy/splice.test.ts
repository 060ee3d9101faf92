import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { field } from '../../support/message.ts'
import type { Wire } from '../../support/raw.ts'
import { through } from '../../support/through.ts'
import type { Through, ThroughOptions } from '../../support/through.ts'
import { agreement, handshake, socketKey } from '../../support/websocket.ts'

interface Open extends Through {
  readonly worker: Wire
}

/** A handshake that has reached the worker. */
async function asked(t: TestContext, bytes: string, options: ThroughOptions = {}): Promise<Open> {
  const opened = await through(t, options)
  opened.client.send(bytes)
  const worker = await opened.server.accept()
  return { ...opened, worker }
}

/** An open socket between client and worker. */
async function open(t: TestContext, options: ThroughOptions = {}): Promise<Open> {
  const opened = await asked(t, handshake(), options)
  await opened.worker.request()
  opened.worker.send(agreement())
  await opened.client.answer()
  return opened
}

for (const transport of ['tcp', 'unix'] as const) {
  test(`over ${transport} the handshake arrives with key, subprotocols and extensions as offered`, async (t) => {
    const offer = [
      'Sec-WebSocket-Protocol: streamlit, xsrf, session',
      'Sec-WebSocket-Extensions: permessage-deflate; x=1',
    ]
    const { worker, client } = await asked(t, handshake('/_stcore/stream?x', offer), { transport })
    const request = await worker.request()
    assert.equal(request.start, 'GET /_stcore/stream?x HTTP/1.1')
    const sent = ['Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Host'].map((name) =>
      field(request, name),
    )
    assert.deepEqual(sent, ['websocket', 'Upgrade', socketKey, '13', 'a:8000'])
    assert.equal(field(request, 'Sec-WebSocket-Protocol'), 'streamlit, xsrf, session')
    assert.equal(field(request, 'Sec-WebSocket-Extensions'), 'permessage-deflate; x=1')
    worker.send(
      agreement(['Sec-WebSocket-Protocol: streamlit', 'Sec-WebSocket-Extensions: permessage-deflate']),
    )
    const answer = await client.answer()
    assert.deepEqual(
      [answer.status, field(answer, 'Connection'), field(answer, 'Upgrade')],
      [101, 'Upgrade', 'websocket'],
    )
    assert.equal(field(answer, 'Sec-WebSocket-Protocol'), 'streamlit')
    assert.equal(field(answer, 'Sec-WebSocket-Extensions'), 'permessage-deflate')
    assert.equal(field(answer, 'X-Request-ID'), field(request, 'X-Request-ID'))
  })
}

test('after the handshake bytes pass unread in both directions', async (t) => {
  const { client, worker } = await open(t)
  client.send('\x82\x00GET /admin HTTP/1.1\r\n\r\n')
  assert.equal(await worker.bytes(25), '\x82\x00GET /admin HTTP/1.1\r\n\r\n')
  worker.send('\xff\x00\x80')
  assert.equal(await client.bytes(3), '\xff\x00\x80')
})

test('what the worker sends right behind its agreement arrives', async (t) => {
  const { client, worker } = await asked(t, handshake())
  await worker.request()
  worker.send(`${agreement()}first`)
  await client.answer()
  assert.equal(await client.bytes(5), 'first')
})

test('what the client sends too early reaches the worker only after its agreement', async (t) => {
  const { front, client, worker } = await asked(t, `${handshake()}early`)
  await worker.request()
  const probe = await front.connect()
  client.send('-later')
  await probe.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n').answer()
  assert.equal(worker.pending, '')
  worker.send(agreement())
  await client.answer()
  assert.equal(await worker.bytes(11), 'early-later')
})

test('what the client sends too early is thrown away when the worker refuses', async (t) => {
  const { front, server, client, worker } = await asked(
    t,
    `${handshake()}GET /admin HTTP/1.1\r\nHost: a\r\n\r\n`,
  )
  await worker.request()
  worker.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
  assert.equal((await client.answer()).status, 403)
  assert.equal(await client.ended, 'end')
  client.end()
  await front.settled(1)
  assert.deepEqual([worker.pending, server.wires.length], ['', 1])
})

for (const status of [
  '200 OK',
  '302 Found',
  '401 Unauthorized',
  '404 Not Found',
  '426 Upgrade Required',
  '503 X',
]) {
  test(`a worker's ${status} to a handshake is relayed as it wrote it`, async (t) => {
    const { front, client, worker } = await asked(t, handshake())
    const request = await worker.request()
    worker.send(
      `HTTP/1.1 ${status}\r\nX-Why: this\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwhy\r\n0\r\n\r\n`,
    )
    const answer = await client.answer()
    assert.deepEqual(
      [answer.start, answer.body, field(answer, 'X-Why')],
      [`HTTP/1.1 ${status.replace('X', 'Service Unavailable')}`, 'why', 'this'],
    )
    assert.deepEqual([field(answer, 'Connection'), field(answer, 'Transfer-Encoding')], ['close', 'chunked'])
    assert.equal(field(answer, 'X-Request-ID'), field(request, 'X-Request-ID'))
    client.end()
    assert.equal((await front.settled(1))[0]?.status, Number(status.slice(0, 3)))
  })
}

const wrong: readonly (readonly [string, string])[] = [
  ['without a key', agreement([], { 'Sec-WebSocket-Accept': null })],
  ['with a wrong key', agreement([], { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' })],
  ['with another protocol', agreement([], { Upgrade: 'h2c' })],
  ['with a subprotocol nobody offered', agreement(['Sec-WebSocket-Protocol: other'])],
  ['without Upgrade', agreement([], { Upgrade: null })],
  ['without Connection', agreement([], { Connection: null })],
]

for (const [name, bytes] of wrong) {
  test(`an agreement ${name} is 502 and ends both sides`, async (t) => {
    const { front, client, worker } = await asked(t, handshake())
    const request = await worker.request()
    worker.send(bytes)
    const answer = await client.answer()
    assert.equal(answer.status, 502)
    assert.equal(field(answer, 'X-Request-ID'), field(request, 'X-Request-ID'))
    await worker.ended
    client.end()
    assert.equal((await front.settled(1))[0]?.reason, 'upstream_invalid')
  })
}

test('a worker that closes instead of answering is 502', async (t) => {
  const { front, client, worker } = await asked(t, handshake())
  await worker.request()
  worker.reset()
  assert.equal((await client.answer()).status, 502)
  client.end()
  assert.equal((await front.settled(1))[0]?.reason, 'upstream_failed')
})

test('a worker that is not there is 503', async (t) => {
  const { server, client } = await through(t, { holdMs: 50 })
  await server.stop()
  assert.equal((await client.send(handshake()).answer()).status, 503)
})

test('a worker that does not answer a handshake in time is 504', async (t) => {
  const timeouts = {
    headersMs: 30_000,
    bodyIdleMs: 60_000,
    keepAliveMs: 75_000,
    connectMs: 5_000,
    responseHeadersMs: 10,
    responseIdleMs: 0,
    websocketIdleMs: 0,
    holdMs: 12_000,
  }
  const { client, worker } = await asked(t, handshake(), { config: { timeouts } })
  assert.equal((await client.answer()).status, 504)
  await worker.ended
})

test('a client that leaves during the handshake leaves no request behind', async (t) => {
  const { front, client, worker } = await asked(t, handshake())
  await worker.request()
  client.reset()
  await worker.ended
  const [record] = await front.settled(1)
  assert.deepEqual([record?.status, record?.reason], [499, 'client_closed'])
})

test("a client that closes closes the worker's side, after everything it sent", async (t) => {
  const { front, client, worker } = await open(t)
  client.send('bye').end()
  assert.equal(await worker.rest(), 'bye')
  worker.end()
  assert.equal(await client.ended, 'end')
  const [record] = await front.settled(1)
  assert.deepEqual([record?.reason, record?.status, record?.bytesIn], ['websocket_closed_by_client', 101, 3])
})

test("a worker that closes closes the client's side, after everything it sent", async (t) => {
  const { front, client, worker } = await open(t)
  worker.send('\x88\x02\x03\xe8').end()
  assert.equal(await client.rest(), '\x88\x02\x03\xe8')
  client.end()
  const [record] = await front.settled(1)
  assert.deepEqual([record?.reason, record?.bytesOut], ['websocket_closed_by_worker', 4])
})

test('a broken connection on either side breaks the other', async (t) => {
  const first = await open(t)
  first.client.reset()
  await first.worker.ended
  const second = await open(t)
  second.worker.reset()
  await second.client.ended
})

test("a client that stays half open after the worker closed does not keep the worker's socket", async (t) => {
  const { worker, client } = await open(t)
  worker.end()
  await client.ended
  await worker.ended
})

test('a slow reader stops the worker instead of filling memory', async (t) => {
  const total = 32 * 1024 * 1024
  const { client, worker } = await open(t)
  client.socket.pause()
  const passed = worker.pour(Buffer.alloc(65_536), total / 65_536)
  // The other direction stays open and is the clock: nothing has moved for many round trips.
  for (let still = 0, before = -1; still < 30; before = passed()) {
    still = passed() === before ? still + 1 : 0
    client.send('x')
    await worker.bytes(1)
  }
  assert.ok(passed() < total / 2, `${passed()} bytes were taken`)
})
