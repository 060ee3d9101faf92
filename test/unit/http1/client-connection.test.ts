import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { ClientConnection } from '../../../internal/http1/client-connection.ts'
import type { ClientLimits, OutgoingRequest } from '../../../internal/http1/client-connection.ts'
import { freshDirectory } from '../../support/directory.ts'
import { rawServer } from '../../support/raw.ts'
import type { Wire } from '../../support/raw.ts'
import { Answer, clientLimits, FakePool, FakeTunnel, outgoing } from '../../support/worker-side.ts'

const { connectMs, responseHeadersMs, responseIdleMs, keepAliveMs } = clientLimits
const ok = 'HTTP/1.1 200 OK\r\n'
const two = `${ok}Content-Length: 2\r\n\r\nok`
const large = Buffer.alloc(16 * 1024 * 1024, 'x')

const soon = (ms: number): number => performance.now() + ms

/** A request on a connection of its own, and the worker's end of it. */
interface Asked {
  readonly connection: ClientConnection
  readonly pool: FakePool
  readonly answer: Answer
  readonly worker: Wire
}

interface AskOptions {
  readonly request?: Partial<OutgoingRequest>
  readonly limits?: Partial<ClientLimits>
  /** Memory that belongs to several connections. */
  readonly shared?: Buffer
}

async function ask(t: TestContext, { request, limits, shared }: AskOptions = {}): Promise<Asked> {
  const server = await rawServer(t)
  const pool = new FakePool(limits)
  const connection = new ClientConnection(server.address, pool, shared ?? null)
  t.after(() => void connection.socket.destroy())
  const answer = new Answer()
  connection.send(outgoing(request), answer)
  return { connection, pool, answer, worker: await server.accept() }
}

/** Asks, and answers with these bytes; then the worker ends its side when asked to. */
async function answered(
  t: TestContext,
  bytes: string,
  options: AskOptions & { end?: true } = {},
): Promise<Asked> {
  const asked = await ask(t, options)
  asked.worker.send(bytes)
  if (options.end === true) asked.worker.end()
  return asked
}

for (const kind of ['tcp', 'unix'] as const) {
  test(`a request reaches a worker over ${kind}, and its answer the one who asked`, async (t) => {
    const server = await rawServer(t, kind)
    const pool = new FakePool()
    const connection = new ClientConnection(server.address, pool, null)
    t.after(() => void connection.socket.destroy())
    const answer = new Answer()
    connection.send(outgoing(), answer)
    const worker = await server.accept()
    assert.equal((await worker.request()).start, 'GET /x HTTP/1.1')
    worker.send(`${ok}X: a\r\nContent-Length: 2\r\n\r\nok`)
    await answer.until('end')
    assert.deepEqual(answer.events, ['connected', 'head', 'data', 'end'])
    assert.deepEqual(answer.head, {
      status: 200,
      minor: 1,
      fields: ['X', 'a', 'Content-Length', '2'],
      framing: { kind: 'length', bytes: 2 },
      connection: [],
      mayOverrun: false,
    })
    assert.deepEqual([answer.body, pool.events, connection.isIdle], ['ok', ['idle'], true])
  })
}

test('a connection carries one request after the other', async (t) => {
  const { connection, worker, answer } = await answered(t, two)
  await answer.until('end')
  for (const body of ['1', '2']) {
    const next = new Answer()
    connection.send(outgoing(), next)
    worker.send(`${ok}Content-Length: 1\r\n\r\n${body}`)
    await next.until('end')
    assert.equal(next.body, body)
  }
})

test('an answer in many pieces is put together, and every read that is not the last is followed by a pause', async (t) => {
  const { worker, answer } = await ask(t)
  worker.send('HTT')
  worker.send('P/1.1 200 OK\r\nTransfer-Encoding: chunked\r')
  worker.send('\n\r')
  worker.send('\n2\r\nok\r\n')
  await answer.until('pause')
  assert.equal(answer.body, 'ok')
  worker.send('0\r\n\r\n')
  await answer.until('end')
})

test('interim answers are swallowed, up to a number', async (t) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'
  const { answer } = await answered(t, interim.repeat(16) + two)
  await answer.until('end')
  assert.deepEqual(answer.events, ['connected', 'head', 'data', 'end'])
  const flooded = await answered(t, interim.repeat(17) + two)
  await flooded.answer.until('invalid')
  assert.deepEqual(flooded.answer.events, ['connected', 'invalid'])
})

test('the number of interim answers begins anew with every request', async (t) => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10)
  const { connection, worker, answer } = await answered(t, interim + two)
  await answer.until('end')
  const next = new Answer()
  connection.send(outgoing(), next)
  worker.send(interim + two)
  await next.until('end')
  assert.equal(next.failed, null)
})

for (const [what, bytes] of [
  ['that switches protocols unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['that is none', 'SSH-2.0-x\r\n'],
  ['that begins wrong', 'HTTP/2'],
  ['with a bare line feed', `${ok}X: a\n`],
  ['with a folded line', `${ok}X: a\r\n b\r\n\r\n`],
  ['with two lengths', `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
] as const) {
  test(`an answer ${what} is invalid, and the connection ends`, async (t) => {
    const { worker, answer, pool } = await answered(t, bytes)
    await answer.until('invalid')
    await worker.ended
    await pool.until('gone')
    assert.deepEqual(answer.events, ['connected', 'invalid'])
    assert.deepEqual(pool.events, ['gone'])
  })
}

test('a head of exactly the limit is taken in any segmentation, a longer one is not', async (t) => {
  const head = `${ok}Content-Length: 2\r\nX: ${'x'.repeat(100)}`
  for (const split of [1, 2, 3, 4]) {
    const bytes = `${head}\r\n\r\n`
    const { worker, answer, connection } = await ask(t, { limits: { headerBytes: head.length } })
    await answer.until('connected')
    worker.send(bytes.slice(0, -split))
    while (connection.socket.bytesRead < bytes.length - split) await new Promise(setImmediate)
    worker.send(`${bytes.slice(-split)}ok`)
    await answer.until('end')
  }
  const { answer } = await answered(t, `${head}\r\n\r\nok`, { limits: { headerBytes: head.length - 1 } })
  await answer.until('invalid')
  const endless = await answered(t, `${ok}X: ${'x'.repeat(200)}`, { limits: { headerBytes: 100 } })
  await endless.answer.until('invalid')
})

test('an answer to HEAD has no body, whatever its length says', async (t) => {
  const { answer } = await answered(t, `${ok}Content-Length: 10\r\n\r\n`, { request: { method: 'HEAD' } })
  await answer.until('end')
  assert.equal(answer.body, '')
})

test('an answer without a length ends with the connection', async (t) => {
  const { answer, pool } = await answered(t, `${ok}\r\nall there is`, { end: true })
  await answer.until('end')
  assert.equal(answer.body, 'all there is')
  assert.ok(!pool.events.includes('idle'))
})

for (const [what, bytes] of [
  ['a length', `${ok}Content-Length: 10\r\n\r\nabc`],
  ['chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`],
  ['a head', 'HTTP/1.1 200'],
  ['an interim answer and no other', 'HTTP/1.1 100 Continue\r\n\r\n'],
] as const) {
  test(`an answer with ${what} whose connection ends too early is truncated, never complete`, async (t) => {
    for (const how of ['end', 'reset'] as const) {
      const { worker, answer, connection } = await answered(t, bytes)
      while (connection.socket.bytesRead < bytes.length) await new Promise(setImmediate)
      worker[how]()
      await answer.until('truncated')
      assert.ok(!answer.events.includes('end'))
    }
  })
}

test('an answer that would end with the connection is truncated when that breaks', async (t) => {
  const bytes = `${ok}\r\nabc`
  const { worker, answer } = await answered(t, bytes)
  await answer.until('data')
  worker.reset()
  await answer.until('truncated')
})

test('chunks that are none end the answer as truncated', async (t) => {
  const { answer } = await answered(t, `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd`)
  await answer.until('truncated')
  assert.match(String(answer.error), /does not end in CR LF/)
})

test('a connection that ends without a byte of an answer is closed, not truncated', async (t) => {
  const { answer } = await answered(t, '', { end: true })
  await answer.until('closed')
})

test('a worker that cannot be reached refuses, and the cause says why', async (t) => {
  const path = join(await freshDirectory(t), 'nobody.sock')
  const server = await rawServer(t, 'tcp')
  await server.stop()
  for (const [address, code] of [
    [{ kind: 'unix', path } as const, 'ENOENT'],
    [server.address, 'ECONNREFUSED'],
  ] as const) {
    const pool = new FakePool()
    const answer = new Answer()
    new ClientConnection(address, pool, null).send(outgoing(), answer)
    await answer.until('refused')
    const { cause } = answer.error ?? {}
    assert.ok(cause instanceof Error && 'code' in cause)
    assert.equal(cause.code, code)
    assert.deepEqual([answer.events, pool.events], [['refused'], ['gone']])
  }
})

test('a connection that is not up in time is given up', async (t) => {
  const server = await rawServer(t)
  const connection = new ClientConnection(server.address, new FakePool(), null)
  const answer = new Answer()
  connection.send(outgoing(), answer)
  connection.sweep(soon(0))
  connection.sweep(soon(connectMs - 1_000))
  connection.sweep(soon(connectMs + 1))
  assert.deepEqual(answer.events, ['connect-timeout'])
})

test('an answer whose head does not come in time is given up', async (t) => {
  const { connection, answer } = await ask(t)
  await answer.until('connected')
  connection.sweep(soon(0))
  connection.sweep(soon(responseHeadersMs - 1_000))
  assert.equal(answer.failed, null)
  connection.sweep(soon(responseHeadersMs + 1))
  assert.equal(answer.failed, 'head-timeout')
})

test('an idle connection ends when its time is over, and carries no request then', async (t) => {
  const { connection, answer, pool } = await answered(t, two)
  await answer.until('end')
  connection.sweep(soon(keepAliveMs - 1_000))
  assert.equal(connection.isIdle, true)
  connection.sweep(soon(keepAliveMs + 1))
  assert.equal(connection.isIdle, false)
  await pool.until('gone')
})

test('limits of 0 are none', async (t) => {
  const limits = { connectMs: 0, responseHeadersMs: 0, responseIdleMs: 0, keepAliveMs: 0 }
  const { connection, worker, answer } = await ask(t, { limits })
  connection.sweep(soon(1e9))
  await answer.until('connected')
  connection.sweep(soon(1e9))
  worker.send(`${ok}Content-Length: 2\r\n\r\no`)
  await answer.until('pause')
  connection.sweep(soon(1e9))
  worker.send('k')
  await answer.until('end')
  connection.sweep(soon(1e9))
  assert.equal(connection.isIdle, true)
})

for (const [what, bytes] of [
  ['says close', `${ok}Connection: close\r\nContent-Length: 2\r\n\r\nok`],
  ['is HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['has bytes behind it', `${two}x`],
] as const) {
  test(`a connection whose answer ${what} is not used again`, async (t) => {
    const { worker, answer, pool } = await answered(t, bytes)
    await answer.until('end')
    assert.equal(answer.body, 'ok')
    await worker.ended
    await pool.until('gone')
    assert.deepEqual(pool.events, ['gone'])
  })
}

test('a connection whose request was not sent to its end is not used again', async (t) => {
  const request = { method: 'POST', framing: { kind: 'length', bytes: 10 } } as const
  const { worker, answer, pool } = await answered(t, two, { request })
  await answer.until('end')
  await worker.ended
  await pool.until('gone')
  assert.deepEqual(pool.events, ['gone'])
})

for (const [method, bytes] of [
  ['HEAD', `${ok}Content-Length: 6\r\n\r\n`],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n'],
  ['GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
] as const) {
  test(`behind ${bytes.slice(9, 12)} to ${method} that speaks of a body none can come for somebody else`, async (t) => {
    const { answer, pool } = await answered(t, bytes, { request: { method } })
    await answer.until('end')
    await pool.until('gone')
    assert.deepEqual(pool.events, ['gone'])
  })
}

test('a connection that still holds a part of its request is not used again, whatever the answer', async (t) => {
  const request = { method: 'POST', framing: { kind: 'length', bytes: large.length } } as const
  const { connection, worker, answer, pool } = await ask(t, { request })
  await answer.until('connected')
  worker.socket.pause()
  connection.writeBody(large, 0, large.length)
  connection.endBody()
  worker.send(two)
  await answer.until('end')
  await pool.until('gone')
  assert.deepEqual(pool.events, ['gone'])
})

test('a worker that ends its side in the middle of an upload is not waited for', async (t) => {
  const request = { method: 'POST', framing: { kind: 'length', bytes: large.length } } as const
  const { connection, worker, answer } = await ask(t, { request })
  await answer.until('connected')
  worker.socket.pause()
  connection.writeBody(large, 0, large.length)
  worker.end()
  await answer.until('closed')
  assert.deepEqual(answer.events.slice(0, 1), ['connected'])
})

test('bytes nobody asked for end an idle connection', async (t) => {
  const { worker, answer, pool, connection } = await answered(t, two)
  await answer.until('end')
  worker.send(two)
  await pool.until('gone')
  assert.deepEqual([connection.isIdle, answer.events.length], [false, 4])
})

test('a body of a length is sent as it is, a small one together with the head', async (t) => {
  const server = await rawServer(t, 'unix')
  const connection = new ClientConnection(server.address, new FakePool(), null)
  t.after(() => void connection.socket.destroy())
  const writes: unknown[] = []
  const write = connection.socket.write.bind(connection.socket)
  t.mock.method(connection.socket, 'write', (text: string, encoding: 'latin1') => {
    writes.push(text)
    return write(text, encoding)
  })
  const answer = new (class extends Answer {
    override onConnected(): void {
      connection.writeBody(Buffer.from('<abc>'), 1, 4)
      connection.endBody()
    }
  })()
  connection.send(outgoing({ method: 'POST', head: 'HEAD|', framing: { kind: 'length', bytes: 3 } }), answer)
  const worker = await server.accept()
  assert.equal(await worker.bytes(8), 'HEAD|abc')
  assert.deepEqual(writes, ['HEAD|abc'])
})

test('a body in chunks is framed, whatever its size, and ended', async (t) => {
  const request = { method: 'POST', head: 'HEAD|', framing: { kind: 'chunked' } } as const
  const { connection, worker, answer } = await ask(t, { request })
  await answer.until('connected')
  connection.writeBody(Buffer.from('abc'), 0, 3)
  connection.writeBody(large, 0, 20_000)
  connection.endBody()
  connection.endBody()
  assert.equal(await worker.until('0\r\n\r\n'), `HEAD|3\r\nabc\r\n4e20\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`)
})

test('a worker that does not take the body is behind until it does', async (t) => {
  const request = { method: 'POST', framing: { kind: 'length', bytes: large.length } } as const
  const { connection, worker, answer } = await ask(t, { request })
  await answer.until('connected')
  worker.socket.pause()
  assert.equal(connection.writeBody(large, 0, large.length), 'full')
  assert.equal(answer.events.includes('drain'), false)
  worker.socket.resume()
  await answer.until('drain')
  assert.equal(connection.writeBody(Buffer.from('x'), 0, 1), 'gone')
})

test('the time for an answer begins anew with every part of the body', async (t) => {
  const request = { method: 'POST', framing: { kind: 'length', bytes: 2 } } as const
  const { connection, answer } = await ask(t, { request })
  await answer.until('connected')
  // What was written moves the deadline, which is measured from now.
  const before = soon(responseHeadersMs)
  while (performance.now() + responseHeadersMs <= before) await new Promise(setImmediate)
  connection.writeBody(Buffer.from('x'), 0, 1)
  connection.sweep(before)
  assert.equal(answer.failed, null)
})

test('an answer that nobody takes stops being read, and goes on when asked', async (t) => {
  const { connection, worker, answer } = await ask(t)
  answer.outcome = 'full'
  worker.send(`${ok}Content-Length: ${large.length}\r\n\r\n`)
  worker.send(large)
  await answer.until('data')
  // Nothing is read while nobody asks: the idle limit does not run either.
  const taken = answer.body.length
  assert.ok(taken < large.length)
  connection.sweep(soon(responseIdleMs + 1))
  assert.equal(answer.failed, null)
  answer.outcome = 'gone'
  connection.resume()
  await answer.until('end')
  assert.equal(answer.body.length, large.length)
})

test('an answer whose body stops is given up', async (t) => {
  const { connection, answer } = await answered(t, `${ok}Content-Length: 2\r\n\r\no`)
  await answer.until('pause')
  connection.sweep(soon(0))
  connection.sweep(soon(responseIdleMs - 1_000))
  assert.equal(answer.failed, null)
  connection.sweep(soon(responseIdleMs + 1))
  assert.equal(answer.failed, 'idle-timeout')
})

test('what is still held keeps its bytes, whatever is read afterwards', async (t) => {
  for (const outcome of ['held', 'full'] as const) {
    const { connection, worker, answer } = await ask(t)
    answer.outcome = outcome
    worker.send(`${ok}Content-Length: 6\r\n\r\naa`)
    await answer.until('data')
    connection.resume()
    worker.send('bb')
    await answer.until('data', 2)
    connection.resume()
    worker.send('cc')
    await answer.until('end')
    assert.deepEqual(answer.views.map(String), ['aa', 'bb', 'cc'])
  }
})

test('connections that share their memory never show each other’s bytes', async (t) => {
  const shared = Buffer.alloc(64 * 1024)
  const [one, other] = [await ask(t, { shared }), await ask(t, { shared })]
  one.answer.outcome = 'held'
  one.worker.send(`${ok}Content-Length: 4\r\n\r\naa`)
  await one.answer.until('data')
  other.worker.send(`${ok}Content-Le`)
  while (other.connection.socket.bytesRead === 0) await new Promise(setImmediate)
  one.worker.send('aa')
  await one.answer.until('end')
  other.worker.send('ngth: 2\r\n\r\nbb')
  await other.answer.until('end')
  assert.deepEqual([one.answer.views.map(String), other.answer.body], [['aa', 'aa'], 'bb'])
})

test('a request that was aborted tells nobody anything more, and its connection ends', async (t) => {
  const { connection, worker, answer, pool } = await answered(t, `${ok}Content-Length: 5\r\n\r\nab`)
  await answer.until('pause')
  const before = answer.events.length
  connection.abort()
  worker.send('cde')
  await worker.ended
  await pool.until('gone')
  assert.equal(answer.events.length, before)
})

test('a request that was aborted before its connection was up is never sent', async (t) => {
  const server = await rawServer(t)
  const pool = new FakePool()
  const connection = new ClientConnection(server.address, pool, null)
  const answer = new Answer()
  connection.send(outgoing(), answer)
  connection.abort()
  await pool.until('gone')
  assert.deepEqual(answer.events, [])
})

test('a switch of protocols that was asked for hands the connection over, with what came behind it', async (t) => {
  const { connection, worker, answer, pool } = await ask(t, { request: { upgrade: true } })
  const tunnel = new FakeTunnel()
  worker.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nearly')
  await answer.until('switched')
  connection.attach(tunnel)
  assert.deepEqual([answer.head?.status, answer.early, pool.events], [101, 'early', ['gone']])
  worker.send('later')
  await tunnel.until('data')
  connection.sweep(soon(1e9))
  tunnel.wants = false
  worker.send('more')
  await tunnel.until('data', 2)
  tunnel.wants = true
  connection.resume()
  worker.end()
  await tunnel.until('end')
  connection.socket.end()
  await tunnel.until('close')
  assert.equal(tunnel.data, 'latermore')
  assert.deepEqual(answer.events, ['connected', 'switched'])
})

test('an answer other than 101 to an upgrade is an answer', async (t) => {
  const { answer, connection } = await answered(t, two, { request: { upgrade: true } })
  await answer.until('end')
  assert.deepEqual([answer.body, connection.isIdle], ['ok', true])
})
