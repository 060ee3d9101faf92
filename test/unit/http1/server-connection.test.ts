import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { isFailure } from '../../../internal/fault/failure.ts'
import type { TunnelOwner } from '../../../internal/http1/server-connection.ts'
import { burstBytes } from '../../../internal/http1/turn.ts'
import { eventually } from '../../support/eventually.ts'
import { connectionLimits, frontSide } from '../../support/front-side.ts'
import type { Arrival, FrontSide } from '../../support/front-side.ts'
import { field } from '../../support/message.ts'

const get = (path = '/x', ...lines: readonly string[]): string =>
  `GET ${path} HTTP/1.1\r\n${['Host: a', ...lines].map((line) => `${line}\r\n`).join('')}\r\n`
const post = (length: number): string => `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`
const { headersMs, keepAliveMs, bodyIdleMs, bodyMinRate } = connectionLimits
/** More than the buffers of two sockets hold. */
const large = Buffer.alloc(32 * 1024 * 1024, 'x')

/** What is kept, what one read adds, and what the socket holds back by itself. */
const mostAhead = 320 * 1024

const soon = (ms: number): number => performance.now() + ms

function targetOf({ transaction }: Arrival): string {
  const { head } = transaction
  return isFailure(head) ? head.code : head.target
}

/** A client that does not read, and an answer to it that is longer than what the system keeps. */
async function stuckAnswer(t: TestContext, keep = true): Promise<FrontSide & { readonly arrival: Arrival }> {
  const side = await frontSide(t)
  side.client.socket.pause()
  side.client.send(get())
  const arrival = await side.next()
  arrival.transaction.begin(200, `Content-Length: ${large.length}\r\n`, 'length', keep)
  assert.equal(arrival.transaction.write(large, 0, large.length), 'full')
  return { ...side, arrival }
}

test('pipelined requests are handed on one at a time, the next one when the answer before it is done', async (t) => {
  const { client, next, arrivals } = await frontSide(t)
  client.send(get('/1') + get('/2') + get('/3'))
  for (const path of ['/1', '/2', '/3']) {
    const arrival = await next()
    assert.equal(arrivals.at(-1), arrival)
    assert.equal(targetOf(arrival), path)
    arrival.transaction.answer(200, '', path)
    assert.equal((await client.answer()).body, path)
  }
})

test('requests answered as they come are answered in order, however many came in one read', async (t) => {
  const { client, next } = await frontSide(t)
  client.send(Array.from({ length: 500 }, (_, index) => get(`/${index}`)).join(''))
  for (let index = 0; index < 500; index += 1) {
    const arrival = await next()
    arrival.transaction.answer(200, '', targetOf(arrival))
  }
  for (let index = 0; index < 500; index += 1) assert.equal((await client.answer()).body, `/${index}`)
})

test('what a client sends ahead of an answer is read up to a bound and not lost', async (t) => {
  const { client, connection, next, stopped } = await frontSide(t)
  const count = 40_000
  client.send(get('/0') + Array.from({ length: count }, (_, index) => get(`/${index + 1}`)).join(''))
  await stopped()
  assert.ok(connection.socket.bytesRead <= mostAhead, `${connection.socket.bytesRead} bytes were read`)
  for (let index = 0; index <= count; index += 1) {
    const { transaction } = await next()
    transaction.answer(200, '', '')
  }
  assert.equal(targetOf(await next(count)), `/${count}`)
})

test('a body nobody has asked for is not read any further than what came with its head', async (t) => {
  const { client, connection, next, stopped } = await frontSide(t)
  const size = 8 * 1024 * 1024
  client.send(post(size))
  client.send(Buffer.alloc(size, 'b'))
  const arrival = await next()
  await stopped()
  assert.ok(connection.socket.bytesRead <= mostAhead, `${connection.socket.bytesRead} bytes were read`)
  assert.equal(arrival.body, '')
  arrival.transaction.resumeBody()
  await arrival.until('end')
  assert.equal(arrival.body.length, size)
})

test('a fast client is interrupted so that others have their turn', async (t) => {
  const { client, connection, next } = await frontSide(t)
  const size = 16 * burstBytes
  let interruptions = 0
  connection.socket.on('pause', () => (interruptions += 1))
  client.send(post(size))
  const arrival = await next()
  arrival.transaction.resumeBody()
  client.send(Buffer.alloc(size, 'b'))
  await arrival.until('end')
  // One read may bring a burst a quarter above its size.
  assert.ok(interruptions >= 12, `${interruptions} interruptions`)
})

test('a body stops when its taker says so and goes on when asked', async (t) => {
  const { client, next, deliver } = await frontSide(t)
  await deliver(`${post(6)}ab`)
  const arrival = await next()
  arrival.stops = true
  arrival.transaction.resumeBody()
  assert.equal(arrival.body, 'ab')
  await deliver('cd')
  assert.equal(arrival.body, 'ab')
  arrival.transaction.resumeBody()
  assert.equal(arrival.body, 'abcd')
  arrival.transaction.resumeBody()
  client.send('ef')
  await arrival.until('end')
  assert.equal(arrival.body, 'abcdef')
})

test('a head that does not come as a whole in time is answered with 408, trickle or not', async (t) => {
  const { connection, next, deliver } = await frontSide(t)
  await deliver('GET / HTTP/1.1\r\n')
  connection.sweep(soon(headersMs - 1_000))
  await deliver('Host: a\r\n')
  connection.sweep(soon(headersMs + 1))
  assert.equal(targetOf(await next()), 'request_timeout')
})

test('a connection that never says anything is ended without a word', async (t) => {
  const { client, connection, closed, arrivals } = await frontSide(t)
  connection.sweep(soon(headersMs + 1))
  assert.equal(await client.rest(), '')
  client.end()
  await closed
  assert.equal(arrivals.length, 0)
})

test('empty lines are no sign of life between two requests', async (t) => {
  const { client, connection, next, deliver } = await frontSide(t)
  client.send(get())
  const { transaction } = await next()
  transaction.answer(200, '', '')
  await client.answer()
  const before = performance.now()
  await eventually('time has passed', () => performance.now() > before + 2)
  connection.sweep(before)
  await deliver('\r\n\r\n')
  connection.sweep(before + keepAliveMs + 1)
  assert.equal(await client.rest(), '')
})

test('between two requests a connection may be silent for the keep-alive time, and no longer', async (t) => {
  const { client, connection, next } = await frontSide(t)
  client.send(get())
  const first = await next()
  first.transaction.answer(200, '', '')
  assert.equal(field(await client.answer(), 'Keep-Alive'), 'timeout=75')
  connection.sweep(soon(0))
  connection.sweep(soon(keepAliveMs - 1_000))
  client.send(get())
  const second = await next()
  second.transaction.answer(200, '', '')
  await client.answer()
  connection.sweep(soon(0))
  connection.sweep(soon(keepAliveMs + 1))
  assert.equal(await client.rest(), '')
})

test('the time for a later head begins with its first byte', async (t) => {
  const { client, connection, next, deliver, arrivals } = await frontSide(t)
  client.send(get())
  const first = await next()
  first.transaction.answer(200, '', '')
  await deliver('GET / HTTP')
  connection.sweep(soon(0))
  connection.sweep(soon(headersMs - 1_000))
  assert.equal(arrivals.length, 1)
  connection.sweep(soon(headersMs + 1))
  assert.equal(targetOf(await next()), 'request_timeout')
})

test('a body of which nothing comes for too long is refused with 408', async (t) => {
  const { connection, next, deliver } = await frontSide(t)
  await deliver(`${post(10)}ab`)
  const arrival = await next()
  arrival.transaction.resumeBody()
  const now = Math.floor(performance.now())
  connection.sweep(now)
  connection.sweep(now + bodyIdleMs)
  assert.deepEqual(arrival.events, ['data'])
  connection.sweep(now + bodyIdleMs + 1)
  assert.deepEqual(arrival.events, ['data', 'request_timeout'])
})

test('a body that comes below the least rate is refused with 408, one above it is not', async (t) => {
  for (const [factor, expected] of [
    [0.5, true],
    [2, false],
  ] as const) {
    const { connection, next, deliver } = await frontSide(t)
    await deliver(post(1_000_000))
    const arrival = await next()
    arrival.transaction.resumeBody()
    const now = Math.floor(performance.now())
    connection.sweep(now)
    for (let second = 20; second <= 80; second += 20) {
      await deliver('x'.repeat(bodyMinRate * 20 * factor))
      connection.sweep(now + second * 1_000)
    }
    assert.equal(arrival.events.includes('request_timeout'), expected, `${factor} of the rate`)
  }
})

test('time in which nobody took the body is not its sender’s', async (t) => {
  const { connection, next, deliver } = await frontSide(t)
  await deliver(`${post(10)}ab`)
  const arrival = await next()
  arrival.stops = true
  arrival.transaction.resumeBody()
  const now = Math.floor(performance.now())
  connection.sweep(now)
  connection.sweep(now + 10 * bodyIdleMs)
  arrival.transaction.resumeBody()
  connection.sweep(now + 20 * bodyIdleMs)
  assert.deepEqual(arrival.events, ['data'])
  connection.sweep(now + 21 * bodyIdleMs + 1)
  assert.deepEqual(arrival.events, ['data', 'request_timeout'])
})

test('a client that does not take its answer is dropped', async (t) => {
  const { connection, arrival, closed } = await stuckAnswer(t)
  const now = Math.floor(performance.now())
  connection.sweep(now)
  connection.sweep(now + bodyIdleMs)
  assert.equal(connection.socket.destroyed, false)
  connection.sweep(now + bodyIdleMs + 1)
  await closed
  assert.deepEqual(arrival.events, ['broken', 'gone'])
})

for (const what of ['kept', 'lingering', 'closing'] as const) {
  test(`a client that does not take the end of its answer is dropped, the connection ${what}`, async (t) => {
    const { connection, arrival, closed } = await stuckAnswer(t, what !== 'lingering')
    if (what === 'closing') connection.closeSoon()
    arrival.transaction.end()
    const now = Math.floor(performance.now())
    connection.sweep(now)
    connection.sweep(now + bodyIdleMs + 1)
    await closed
  })
}

test('the next request is not read before the answer in front of it has been taken', async (t) => {
  const { client, arrival, arrivals, next, deliver } = await stuckAnswer(t)
  arrival.transaction.end()
  await deliver(get('/next'))
  assert.equal(arrivals.length, 1)
  client.socket.resume()
  assert.equal(targetOf(await next()), '/next')
})

test('a client that does not take its answer cannot send ahead without end meanwhile', async (t) => {
  const { client, connection, arrival, stopped } = await stuckAnswer(t)
  arrival.transaction.end()
  const before = connection.socket.bytesRead
  client.send(get('/next') + get().repeat(100_000))
  await stopped()
  const ahead = connection.socket.bytesRead - before
  assert.ok(ahead <= mostAhead, `${ahead} bytes were read`)
})

for (const what of ['kept', 'lingering', 'closing'] as const) {
  test(`an answer that is on its way for long arrives as a whole, the connection ${what}`, async (t) => {
    const { client, connection, arrival } = await stuckAnswer(t, what !== 'lingering')
    if (what === 'closing') connection.closeSoon()
    arrival.transaction.end()
    const now = Math.floor(performance.now())
    connection.sweep(now)
    connection.sweep(now + bodyIdleMs - 1)
    client.socket.resume()
    await client.until('\r\n\r\n')
    assert.equal((await client.bytes(large.length)).length, large.length)
  })
}

test('behind its last answer a connection is read on for a while, so that the answer can be seen', async (t) => {
  const { client, connection, next, closed, deliver } = await frontSide(t)
  client.send(`${post(1_000)}ab`)
  const arrival = await next()
  arrival.transaction.answer(413, '', 'too large')
  const answer = await client.answer()
  assert.deepEqual([answer.status, answer.body, field(answer, 'Connection')], [413, 'too large', 'close'])
  await client.ended
  await deliver('still sending')
  connection.sweep(soon(4_000))
  assert.equal(connection.socket.destroyed, false)
  connection.sweep(soon(6_000))
  await closed
})

test('a connection whose client ends its side behind the last answer is closed at once', async (t) => {
  const { client, next, closed } = await frontSide(t)
  client.send(get('/x', 'Connection: close'))
  const { transaction } = await next()
  transaction.answer(200, '', 'ok')
  assert.equal((await client.answer()).body, 'ok')
  client.end()
  await closed
})

test('a request behind one that closes is not looked at', async (t) => {
  const { client, next, closed, arrivals } = await frontSide(t)
  client.send(get('/x', 'Connection: close') + get('/evil'))
  const { transaction } = await next()
  transaction.answer(200, '', 'ok')
  await client.answer()
  client.end()
  await closed
  assert.equal(arrivals.length, 1)
})

test('an idle connection that is to close soon ends when idle ones do', async (t) => {
  const { client, connection, closed } = await frontSide(t)
  assert.equal(connection.isIdle, true)
  connection.closeSoon()
  assert.equal(connection.socket.destroyed, false)
  connection.closeIdle()
  assert.equal(await client.rest(), '')
  await closed
})

test('a request that was on its way when its connection was to close soon is answered, and the last', async (t) => {
  const { client, connection, next, closed } = await frontSide(t)
  connection.closeSoon()
  client.send(get())
  const { transaction } = await next()
  connection.closeIdle()
  transaction.answer(200, '', 'ok')
  const answer = await client.answer()
  assert.deepEqual([answer.body, field(answer, 'Connection')], ['ok', 'close'])
  await closed
})

test('a connection that is to close soon answers what it has begun to read, and says that it is the last', async (t) => {
  const { client, connection, next, deliver, closed } = await frontSide(t)
  await deliver('GET /x HTTP/1.1\r\n')
  assert.equal(connection.isIdle, false)
  connection.closeSoon()
  client.send('Host: a\r\n\r\n')
  const { transaction } = await next()
  transaction.answer(200, '', 'ok')
  const answer = await client.answer()
  assert.deepEqual([answer.body, field(answer, 'Connection')], ['ok', 'close'])
  // There is nothing to wait for: the request was read to its end.
  await closed
})

test('a client that leaves is told once, and takes what was sent ahead with it', async (t) => {
  const { client, next, closed, arrivals } = await frontSide(t)
  client.send(get('/1') + get('/2'))
  const arrival = await next()
  client.end()
  await closed
  assert.deepEqual(arrival.events, ['broken', 'gone'])
  assert.equal(arrivals.length, 1)
})

test('a head that is none is handed on as a failure, once, and what follows is not read', async (t) => {
  const { client, next, arrivals } = await frontSide(t)
  client.send(`GET / HTTP/1.1\r\nHost : a\r\n\r\n${get('/evil')}`)
  const arrival = await next()
  assert.equal(targetOf(arrival), 'bad_request')
  arrival.transaction.answer(400, '', '')
  assert.equal(field(await client.answer(), 'Connection'), 'close')
  await client.ended
  assert.equal(arrivals.length, 1)
})

test('what is wrong with a head is told before its end', async (t) => {
  const { client, next } = await frontSide(t)
  client.send('\x16\x03\x01')
  assert.equal(targetOf(await next()), 'bad_request')
})

test('empty lines in front of a request are skipped', async (t) => {
  const { next, deliver } = await frontSide(t)
  await deliver('\r\n\r')
  await deliver(`\n${get('/x')}`)
  assert.equal(targetOf(await next()), '/x')
})

test('a head of exactly the limit is taken in any segmentation', async (t) => {
  const bytes = get('/x', `X: ${'x'.repeat(100)}`)
  for (const split of [1, 2, 3, 4]) {
    const { client, next, deliver } = await frontSide(t, { headerBytes: bytes.length - 2 })
    await deliver(bytes.slice(0, -split))
    client.send(bytes.slice(-split))
    assert.equal(targetOf(await next()), '/x', `without its last ${split} bytes`)
  }
})

test('bytes behind a handshake, and all that follow, belong to the tunnel', async (t) => {
  const { client, connection, next, closed } = await frontSide(t)
  const tunnel = new TunnelNotes()
  client.send(`${get('/socket')}early`)
  const { transaction } = await next()
  transaction.switchProtocols('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  assert.equal(String(connection.handOver(tunnel)), 'early')
  await client.until('\r\n\r\n')
  client.send('later')
  await tunnel.until('data later')
  connection.sweep(42)
  client.end()
  await tunnel.until('end')
  connection.socket.destroySoon()
  assert.equal(await client.rest(), '')
  await closed
  assert.deepEqual(tunnel.events, ['data later', 'sweep 42', 'end', 'close'])
})

/** Notes what a tunnel is told. */
class TunnelNotes implements TunnelOwner {
  readonly events: string[] = []
  readonly #waiting = new Set<() => void>()

  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  onClientData(bytes: Buffer): void {
    this.#note(`data ${bytes.toString()}`)
  }

  onClientDrain(): void {
    this.#note('drain')
  }

  onClientEnd(): void {
    this.#note('end')
  }

  onClientClose(): void {
    this.#note('close')
  }

  onSweep(now: number): void {
    this.#note(`sweep ${now}`)
  }

  #note(event: string): void {
    this.events.push(event)
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

test('memory is given back only when nobody holds any of it', async (t) => {
  const { client, next } = await frontSide(t)
  const body = 'a'.repeat(20_000)
  client.send(post(body.length) + body + post(body.length) + body)
  const first = await next()
  const held: Buffer[] = []
  first.transaction.owner = {
    onBody: (bytes, start, end) => {
      held.push(bytes.subarray(start, end))
      return 'held'
    },
    onBodyEnd: () => undefined,
    onBodyRefused: () => undefined,
    onDrain: () => undefined,
    onGone: () => undefined,
  }
  first.transaction.resumeBody()
  first.transaction.answer(200, '', '')
  const second = await next()
  second.transaction.resumeBody()
  await second.until('end')
  assert.equal(second.body, body)
  assert.equal(Buffer.concat(held).toString('latin1'), body)
})
