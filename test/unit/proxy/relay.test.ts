import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { allFields, field } from '../../support/message.ts'
import type { RawMessage } from '../../support/message.ts'
import { rawServer } from '../../support/raw.ts'
import type { Wire } from '../../support/raw.ts'
import { recorded, through } from '../../support/through.ts'

const get = 'GET /x?y HTTP/1.1\r\nHost: a\r\n\r\n'
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Sends `request`, answers it with `bytes`, then ends the worker's connection when asked to. */
async function answerWith(
  t: TestContext,
  bytes: string,
  { request = get, end = false }: { readonly request?: string; readonly end?: boolean } = {},
): Promise<{ readonly client: Wire; readonly worker: Wire }> {
  const { server, client } = await through(t)
  client.send(request)
  const worker = await server.accept()
  await worker.request()
  worker.send(bytes)
  if (end) worker.end()
  return { client, worker }
}

/** The whole answer to a request that the worker answers with `bytes`. */
async function answerTo(t: TestContext, bytes: string, method = 'GET'): Promise<RawMessage> {
  const { client } = await answerWith(t, bytes, { request: get.replace('GET', method) })
  return client.answer(method)
}

for (const transport of ['tcp', 'unix'] as const) {
  test(`a request reaches a worker over ${transport} and its answer the client`, async (t) => {
    const { worker, client } = await recorded(t, { transport })
    client.send(get)
    const answer = await client.answer()
    assert.deepEqual([answer.status, answer.body], [200, 'ok'])
    assert.equal(worker.requests[0]?.start, 'GET /x?y HTTP/1.1')
  })
}

test('requests of one client share one connection to the worker', async (t) => {
  const { worker, client } = await recorded(t)
  for (let i = 0; i < 3; i++) await client.send(get).answer()
  assert.deepEqual([worker.requests.length, worker.server.wires.length], [3, 1])
})

test('cookies stay three lines in their order', async (t) => {
  const lines = ['Set-Cookie: a=1', 'set-cookie: b=2', 'Set-Cookie: c=3'].join('\r\n')
  const answer = await answerTo(t, `HTTP/1.1 200 OK\r\n${lines}\r\nContent-Length: 0\r\n\r\n`)
  assert.deepEqual(allFields(answer, 'set-cookie'), ['a=1', 'b=2', 'c=3'])
})

test("fields of the worker's connection and those it names stay there", async (t) => {
  const hop =
    'Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nAlt-Svc: h3\r\nUpgrade: h2c\r\nX-Kept: 1'
  const answer = await answerTo(t, `HTTP/1.1 200 OK\r\n${hop}\r\nContent-Length: 0\r\n\r\n`)
  assert.deepEqual(
    ['X-Hop', 'Alt-Svc', 'Upgrade', 'X-Kept'].map((name) => field(answer, name)),
    [undefined, undefined, undefined, '1'],
  )
  assert.equal(field(answer, 'Keep-Alive'), 'timeout=75')
})

test("a reason phrase is never the worker's", async (t) => {
  assert.equal(
    (await answerTo(t, 'HTTP/1.1 200 Ev\xefl\r\nContent-Length: 0\r\n\r\n')).start,
    'HTTP/1.1 200 OK',
  )
  assert.equal(
    (await answerTo(t, 'HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n')).start,
    'HTTP/1.1 404 Not Found',
  )
})

test('an encoded body is not touched', async (t) => {
  const answer = await answerTo(
    t,
    'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\xff',
  )
  assert.deepEqual([answer.body, field(answer, 'Content-Encoding')], ['\x1f\x8b\xff', 'gzip'])
})

const bodyless: readonly (readonly [string, string, string | undefined])[] = [
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n', '7'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: "x"\r\n\r\n', '7'],
]

for (const [method, bytes, length] of bodyless) {
  test(`${method} answered with ${bytes.slice(9, 12)} has no body and keeps its length`, async (t) => {
    const { worker, client } = await recorded(t, { reply: () => bytes })
    for (let i = 0; i < 2; i++) {
      const answer = await client.send(get.replace('GET', method)).answer(method)
      assert.deepEqual([answer.body, field(answer, 'Content-Length')], ['', length])
      assert.equal(field(answer, 'Transfer-Encoding'), undefined)
    }
    assert.equal(worker.requests.length, 2)
    assert.equal(client.pending, '')
  })
}

test('an answer that ends with the connection is complete for the client too', async (t) => {
  const { client } = await answerWith(t, 'HTTP/1.0 200 OK\r\n\r\nall of it', { end: true })
  const answer = await client.answer()
  assert.deepEqual([answer.body, answer.framing], ['all of it', 'chunked'])
})

test('an early hint is dropped, the answer behind it is relayed', async (t) => {
  const answer = await answerTo(t, `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`)
  assert.deepEqual([answer.status, field(answer, 'Link')], [200, undefined])
})

test('the head of an event stream does not wait for the first event', async (t) => {
  const { client, worker } = await answerWith(t, 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
  const head = await client.until('\r\n\r\n')
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(head, /\r\nX-Accel-Buffering: no\r\n/)
  for (const event of ['data: 1\n\n', ': nothing\n\n']) {
    worker.send(event)
    await client.until(`${event}\r\n`)
  }
})

test('pieces of a body arrive one by one in both directions', async (t) => {
  const { server, client } = await through(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n')
  const worker = await server.accept()
  const head = await worker.until('one')
  assert.match(head, /\r\ntransfer-encoding: chunked\r\n/i)
  client.send('3\r\ntwo\r\n')
  await worker.until('two')
  client.send('0\r\n\r\n')
  await worker.until('0\r\n\r\n')
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
  await client.until('a\r\n')
  worker.send('1\r\nb\r\n')
  await client.until('b\r\n')
  worker.send('0\r\n\r\n')
  await client.until('0\r\n\r\n')
})

test('a body of ten megabytes comes back as it was', async (t) => {
  const { worker, client } = await recorded(t, {
    reply: ({ body }) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    kind: 'http',
  })
  const body = '\x00\xff\r\n0123456789ab'.repeat(50_000)
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  assert.ok((await client.answer()).body === body)
  assert.equal(field(worker.requests[0] ?? { fields: [] }, 'Content-Length'), String(body.length))
  assert.equal(field(worker.requests[0] ?? { fields: [] }, 'Transfer-Encoding'), undefined)
})

/** Resolves when `progress` has not changed during many round trips through the same gateway. */
async function standstill(probe: Wire, worker: Wire, progress: () => number): Promise<number> {
  for (let still = 0, before = -1; still < 30;) {
    probe.send(get)
    await worker.request()
    worker.send(ok)
    await probe.answer()
    still = progress() === before ? still + 1 : 0
    before = progress()
  }
  return progress()
}

test('a client that does not read stops the worker, and reads everything later', async (t) => {
  const total = 48 * 1024 * 1024
  const { front, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  client.socket.pause()
  worker.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
  const poured = worker.pour(Buffer.alloc(65_536), total / 65_536)
  const probe = (await front.connect()).send(get)
  const other = await server.accept()
  await other.request()
  other.send(ok)
  await probe.answer()
  const passed = await standstill(probe, other, poured)
  assert.ok(passed < total / 2, `${passed} bytes were taken`)
  client.socket.removeAllListeners('data')
  let got = 0
  const all = new Promise<void>((resolve) => {
    client.socket.on('data', (chunk: Buffer) => {
      got += chunk.length
      if (got >= total) resolve()
    })
  })
  client.socket.resume()
  await all
})

test('a worker that does not read stops the client', async (t) => {
  const total = 48 * 1024 * 1024
  const { front, server, client } = await through(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na')
  const worker = await server.accept()
  await worker.until('\r\n\r\n1\r\na')
  worker.socket.pause()
  const chunk = Buffer.concat([Buffer.from('\r\n10000\r\n'), Buffer.alloc(65_536)])
  const poured = client.pour(chunk, total / 65_536)
  const probe = (await front.connect()).send(get)
  const other = await server.accept()
  await other.request()
  other.send(ok)
  await probe.answer()
  const passed = await standstill(probe, other, poured)
  assert.ok(passed < total / 2, `${passed} bytes were taken`)
})

const broken: readonly (readonly [string, string])[] = [
  ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'],
  ['between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ['by a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n'],
]

for (const [name, bytes] of broken) {
  test(`an answer that breaks off ${name} breaks the client's connection`, async (t) => {
    const { front, server, client } = await through(t)
    client.send(get)
    const worker = await server.accept()
    await worker.request()
    worker.send(bytes).end()
    const text = await client.rest()
    assert.doesNotMatch(text, /\r\n0\r\n/)
    const [record] = await front.settled(1)
    assert.deepEqual([record?.reason, record?.status], ['upstream_truncated', 200])
  })

  test(`to a client of HTTP/1.0 an answer that breaks off ${name} ends with a reset`, async (t) => {
    const { client } = await answerWith(t, bytes, {
      request: get.replace('1.1', '1.0'),
      end: true,
    })
    assert.equal(await client.ended, 'reset')
  })
}

const invalid: readonly (readonly [string, string])[] = [
  ['S1 both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['S1 two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
  ['S1 a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'],
  ['S2 a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['S2 a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
  ['S2 a control byte', 'HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n'],
  ['S3 status 600', 'HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n'],
  ['S3 status 999', 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'],
  ['S4 status 20', 'HTTP/1.1 20 X\r\nContent-Length: 0\r\n\r\n'],
  ['S4 status 099', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ['S7 a head of 70 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\nContent-Length: 0\r\n\r\n`],
  ['U13 a switch of protocols', 'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
]

for (const [name, bytes] of invalid) {
  test(`${name} in the worker's answer is 502, asked for once, and the next request works`, async (t) => {
    const replies = [bytes]
    const { front, worker, client } = await recorded(t, { reply: () => replies.shift() ?? ok })
    const answer = await client.send(get).answer()
    assert.equal(answer.status, 502)
    assert.equal((await front.settled(1))[0]?.reason, 'upstream_invalid')
    assert.equal(worker.requests.length, 1)
    assert.equal((await client.send(get).answer()).status, 200)
    assert.equal(worker.server.wires.length, 2, 'the connection must not be used again')
  })
}

test('bytes behind an answer belong to nobody', async (t) => {
  const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'
  const replies = [ok + poison]
  const { worker, client } = await recorded(t, { reply: () => replies.shift() ?? ok })
  for (let i = 0; i < 3; i++) assert.equal((await client.send(get).answer()).body, 'ok')
  assert.ok(worker.server.wires.length >= 2)
})

test('a refused connection is 503 with a time to come back', async (t) => {
  const { front, server, client } = await through(t, { holdMs: 50 })
  await server.stop()
  const answer = await client.send(get.replace('GET', 'POST')).answer()
  assert.deepEqual([answer.status, field(answer, 'Retry-After')], [503, '2'])
  assert.equal((await front.settled(1))[0]?.reason, 'worker_down')
})

test('a worker that says nothing in time is 504', async (t) => {
  const { front, client } = await through(t, { responseHeadersMs: 10 })
  assert.equal((await client.send(get).answer()).status, 504)
  assert.equal((await front.settled(1))[0]?.reason, 'upstream_timeout')
})

test('an answer before the end of the upload is relayed and ends the connection', async (t) => {
  const { server, client } = await through(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf')
  const worker = await server.accept()
  await worker.until('half')
  worker.send('HTTP/1.1 422 X\r\nContent-Length: 2\r\n\r\nno')
  const answer = await client.answer()
  assert.deepEqual([answer.status, answer.body, field(answer, 'Connection')], [422, 'no', 'close'])
  client.send('-rest')
  assert.equal(await client.ended, 'end')
  await worker.ended
})

test("a client that leaves before the answer ends the worker's request", async (t) => {
  const { front, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  client.reset()
  await worker.ended
  const [record] = await front.settled(1)
  assert.deepEqual([record?.status, record?.reason], [499, 'client_closed'])
})

test("a client that leaves in the middle of the answer ends the worker's request", async (t) => {
  const { front, server, client } = await through(t)
  client.send(get)
  const worker = await server.accept()
  await worker.request()
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
  await client.until('a\r\n')
  client.socket.destroy()
  await worker.ended
  assert.equal((await front.settled(1))[0]?.reason, 'client_closed')
})

test('a client that leaves in the middle of its upload never looks finished to the worker', async (t) => {
  const { front, server, client } = await through(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
  const worker = await server.accept()
  await worker.until('half')
  client.socket.destroy()
  assert.doesNotMatch(await worker.rest(), /0\r\n\r\n/)
  await front.settled(1)
})

test('the worker is not asked for a request that waited and whose client left', async (t) => {
  const server = await rawServer(t)
  const { front, client } = await through(t)
  front.worker('ui').starting()
  client.send(get)
  const other = await front.connect()
  await other.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n').answer()
  client.reset()
  await front.settled(1)
  front.worker('ui').ready(server.address)
  other.send(get)
  const worker = await server.accept()
  await worker.request()
  assert.equal(server.wires.length, 1)
})
