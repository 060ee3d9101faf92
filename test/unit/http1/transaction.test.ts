import assert from 'node:assert/strict'
import { test } from 'node:test'

import { failure, isFailure, type Failure } from '../../../internal/fault/failure.ts'
import type { Framing, RequestHead } from '../../../internal/http1/head.ts'
import { Transaction, type TransactionWire, type WriteOutcome } from '../../../internal/http1/transaction.ts'
import { Llhttp } from '../../fuzz/llhttp.ts'
import { randomFor } from '../../fuzz/random.ts'
import { Arrival } from '../../support/front-side.ts'

/** A connection that keeps what it is told: `write`s as they are, everything else by name. */
class FakeWire implements TransactionWire {
  mayKeep = true
  isFull = false
  readonly keepLines = 'Connection: keep-alive\r\n'
  readonly written: string[] = []
  readonly told: string[] = []
  /** What writing bytes comes to. */
  outcome: WriteOutcome = 'gone'

  get bytes(): string {
    return this.written.join('')
  }

  write(text: string): void {
    this.written.push(text)
  }

  writeWith(text: string, bytes: Buffer, start: number, end: number): WriteOutcome {
    this.written.push(text + bytes.toString('latin1', start, end))
    return this.outcome
  }

  writeBytes(bytes: Buffer, start: number, end: number): WriteOutcome {
    return this.writeWith('', bytes, start, end)
  }

  bodyMayGoOn(): void {
    this.told.push('body may go on')
  }

  finished(keep: boolean): void {
    this.told.push(keep ? 'finished, kept' : 'finished')
  }

  breakOff(reset: boolean): void {
    this.told.push(reset ? 'reset' : 'broken off')
  }
}

/** A transaction on a fake wire, with a handler that notes what it is told. */
interface Stage {
  readonly wire: FakeWire
  readonly transaction: Transaction
  readonly arrival: Arrival
}

function stage(head: Partial<RequestHead> | Failure = {}): Stage {
  const wire = new FakeWire()
  const whole: RequestHead | Failure = isFailure(head)
    ? head
    : { method: 'GET', target: '/', minor: 1, fields: [], framing: { kind: 'none' }, connection: [], ...head }
  const transaction = new Transaction(whole, wire)
  return { wire, transaction, arrival: new Arrival(transaction) }
}

const ofLength = (bytes: number): { readonly framing: Framing } => ({ framing: { kind: 'length', bytes } })
const small = Buffer.from('small')
const large = Buffer.alloc(40 * 1024, 'x')
const kept = 'Connection: keep-alive\r\n\r\n'
const last = 'Connection: close\r\n\r\n'

test('a head and a small body leave in one write', () => {
  const { wire, transaction, arrival } = stage()
  transaction.begin(200, 'X: a\r\nContent-Length: 5\r\n', 'length')
  assert.deepEqual(wire.written, [])
  assert.equal(transaction.write(small, 0, 5), 'gone')
  transaction.end()
  assert.deepEqual(wire.written, [`HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 5\r\n${kept}small`])
  assert.deepEqual(wire.told, ['finished, kept'])
  assert.deepEqual(arrival.events, ['settled'])
})

test('a large body is handed on as it is, with the head in front of its first part', () => {
  const { wire, transaction } = stage()
  transaction.begin(200, '', 'length')
  transaction.write(large, 10, large.length)
  transaction.write(large, 0, large.length)
  assert.deepEqual(
    wire.written.map(({ length }) => length),
    [`HTTP/1.1 200 OK\r\n${kept}`.length + large.length - 10, large.length],
  )
})

test('an answer of unknown length is sent in chunks, each with its framing in one write', () => {
  const { wire, transaction } = stage()
  transaction.begin(200, '', 'stream')
  transaction.flush()
  transaction.write(small, 0, 5)
  transaction.write(small, 5, 5)
  transaction.write(small, 1, 3)
  transaction.end()
  assert.deepEqual(wire.written, [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${kept}`,
    '5\r\nsmall\r\n',
    '2\r\nma\r\n',
    '0\r\n\r\n',
  ])
})

test('an answer of unknown length to HTTP/1.0 ends with the connection', () => {
  const { wire, transaction } = stage({ minor: 0 })
  transaction.begin(200, '', 'stream')
  transaction.write(small, 0, 5)
  transaction.end()
  assert.equal(wire.bytes, `HTTP/1.1 200 OK\r\n${last}small`)
  assert.deepEqual(wire.told, ['finished'])
})

test('an answer without a body, and one that was never flushed, is only a head', () => {
  for (const body of ['none', 'length'] as const) {
    const { wire, transaction } = stage()
    transaction.begin(304, '', body)
    transaction.end()
    assert.deepEqual(wire.written, [`HTTP/1.1 304 Not Modified\r\n${kept}`])
  }
})

for (const [what, head, keep] of [
  ['HTTP/1.0', { minor: 0 }, true],
  ['Connection: close', { connection: ['x', 'close'] }, true],
  ['a body that has not come', ofLength(3), true],
  ['a head that is none', failure('bad_request'), true],
  ['an answer that ends the connection', {}, false],
] as const) {
  test(`the connection ends behind ${what}, and the answer says so`, () => {
    const { wire, transaction } = stage(head)
    transaction.answer(200, '', 'ok', keep)
    assert.equal(wire.bytes, `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${last}ok`)
    assert.deepEqual(wire.told, ['finished'])
  })
}

test('a connection that may not be kept ends behind the answer', () => {
  const { wire, transaction } = stage()
  wire.mayKeep = false
  transaction.answer(200, '', '')
  assert.match(wire.bytes, /Connection: close/)
})

test('an answer to HEAD has the length of a body and none', () => {
  const { wire, transaction } = stage({ method: 'HEAD' })
  transaction.answer(200, 'X: a\r\n', 'body')
  assert.equal(wire.bytes, `HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 4\r\n${kept}`)
})

test('there is one answer: a second one cannot begin, and what comes behind the first goes nowhere', () => {
  const { wire, transaction, arrival } = stage()
  transaction.begin(200, '', 'stream')
  assert.throws(() => transaction.begin(500, '', 'none'), /an answer has begun/)
  transaction.end()
  const before = wire.bytes
  transaction.end()
  transaction.flush()
  transaction.breakOff()
  transaction.gone()
  transaction.writeContinue()
  assert.equal(transaction.write(small, 0, 5), 'gone')
  assert.equal(wire.bytes, before)
  assert.deepEqual([arrival.events, wire.told], [['settled'], ['finished, kept']])
})

for (const [minor, told] of [
  [1, 'broken off'],
  [0, 'reset'],
] as const) {
  test(`an answer to HTTP/1.${minor} that breaks off is ${told}, and never looks complete`, () => {
    const { wire, transaction, arrival } = stage({ minor })
    transaction.begin(200, '', 'stream')
    transaction.write(small, 0, 5)
    transaction.breakOff()
    transaction.end()
    assert.deepEqual(wire.told, [told])
    assert.ok(!wire.bytes.includes('0\r\n\r\n'))
    assert.deepEqual(arrival.events, ['broken'])
  })
}

test('a client that left is told once, behind the settling', () => {
  const { transaction, arrival, wire } = stage()
  transaction.gone()
  transaction.gone()
  transaction.end()
  assert.deepEqual(arrival.events, ['broken', 'gone'])
  assert.deepEqual([wire.bytes, transaction.done], ['', true])
})

test('what writing came to is told: gone, held or full', () => {
  const { wire, transaction } = stage()
  transaction.begin(200, '', 'stream')
  for (const outcome of ['held', 'full', 'gone'] as const) {
    wire.outcome = outcome
    assert.equal(transaction.write(large, 0, large.length), outcome)
  }
  assert.equal(transaction.write(small, 0, 5), 'gone')
  wire.isFull = true
  assert.equal(transaction.write(small, 0, 5), 'full')
  assert.equal(transaction.bytesOut, 3 * large.length + 10)
})

test('only an answer that is being sent hears that the client takes more', () => {
  const { transaction, arrival } = stage()
  transaction.drained()
  transaction.begin(200, '', 'stream')
  transaction.drained()
  transaction.flush()
  transaction.drained()
  transaction.end()
  transaction.drained()
  assert.deepEqual(arrival.events, ['drain', 'settled'])
})

test('a body flows only after it was asked for, and then to its end', () => {
  const { transaction, arrival, wire } = stage(ofLength(5))
  const bytes = Buffer.from('<abcdefgh>')
  assert.equal(transaction.takeBody(bytes, 1, 9), 1)
  transaction.resumeBody()
  transaction.resumeBody()
  assert.deepEqual(wire.told, ['body may go on'])
  assert.equal(transaction.readsBody, true)
  assert.equal(transaction.takeBody(bytes, 1, 3), 3)
  assert.equal(transaction.takeBody(bytes, 3, 9), 6)
  assert.equal(transaction.takeBody(bytes, 6, 9), 6)
  assert.deepEqual([arrival.body, transaction.bytesIn], ['abcde', 5])
  assert.deepEqual(arrival.events, ['data', 'data', 'end'])
  assert.deepEqual([transaction.requestComplete, transaction.readsBody], [true, false])
})

test('a body whose taker has enough stops until it is asked for again', () => {
  const { transaction, arrival } = stage(ofLength(4))
  const bytes = Buffer.from('abcd')
  arrival.stops = true
  transaction.resumeBody()
  assert.equal(transaction.takeBody(bytes, 0, 2), 2)
  assert.equal(transaction.readsBody, false)
  assert.equal(transaction.takeBody(bytes, 2, 4), 2)
  transaction.resumeBody()
  assert.equal(transaction.takeBody(bytes, 2, 4), 4)
  assert.deepEqual([arrival.body, arrival.events], ['abcd', ['data', 'data', 'end']])
})

test('requests without a body, and with an empty one, are complete at once', () => {
  for (const head of [{}, ofLength(0), failure('bad_request')])
    assert.equal(stage(head).transaction.requestComplete, true)
  assert.equal(stage({ framing: { kind: 'chunked' } }).transaction.requestComplete, false)
})

for (const [body, code] of [
  ['x', 'bad_request'],
  [`1;${'a'.repeat(17_000)}\r\n`, 'body_too_large'],
  [`0\r\nX: ${'a'.repeat(17_000)}\r\n`, 'header_too_large'],
] as const) {
  test(`the chunks ${JSON.stringify(body.slice(0, 8))} are refused once with ${code}`, () => {
    const { transaction, arrival, wire } = stage({ framing: { kind: 'chunked' } })
    const bytes = Buffer.from(body)
    transaction.resumeBody()
    assert.equal(transaction.takeBody(bytes, 0, bytes.length), bytes.length)
    transaction.takeBody(bytes, 0, bytes.length)
    transaction.resumeBody()
    transaction.takeBody(bytes, 0, bytes.length)
    assert.deepEqual(arrival.events, [code])
    transaction.answer(400, '', '')
    assert.deepEqual([arrival.events, wire.told.at(-1)], [[code, 'settled'], 'finished'])
  })
}

test('a body that is refused while nobody handles the request ends the connection', () => {
  const wire = new FakeWire()
  const head = { method: 'POST', target: '/', minor: 1, fields: [], connection: [], ...ofLength(5) } as const
  new Transaction(head, wire).refuseBody(failure('request_timeout'))
  assert.deepEqual(wire.told, ['broken off'])
})

test('a body is not refused behind its end, nor behind the answer', () => {
  const complete = stage()
  complete.transaction.refuseBody(failure('request_timeout'))
  const answered = stage(ofLength(5))
  answered.transaction.answer(200, '', '')
  answered.transaction.refuseBody(failure('request_timeout'))
  assert.deepEqual([complete.arrival.events, answered.arrival.events], [[], ['settled']])
})

test('a client is told to continue before the answer and not behind its beginning', () => {
  const { wire, transaction } = stage(ofLength(5))
  transaction.writeContinue()
  assert.equal(wire.bytes, 'HTTP/1.1 100 Continue\r\n\r\n')
  transaction.begin(200, '', 'none')
  transaction.writeContinue()
  assert.equal(wire.written.length, 1)
})

test('a switch of protocols is written as given and ends the transaction without an answer', () => {
  const { wire, transaction } = stage()
  transaction.switchProtocols('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  transaction.end()
  assert.equal(transaction.done, true)
  assert.deepEqual([wire.bytes, wire.told], ['HTTP/1.1 101 Switching Protocols\r\n\r\n', []])
})

test('whatever is written, llhttp reads the same answer', () => {
  const llhttp = new Llhttp()
  for (let index = 0; index < 300; index += 1) {
    const random = randomFor(2, index)
    const minor = random.chance(70) ? 1 : 0
    const { wire, transaction } = stage({ minor, method: random.chance(80) ? 'GET' : 'HEAD' })
    const parts = random.several(0, 5, () => Buffer.alloc(random.below(20_000), 'x'))
    const body = Buffer.concat(parts)
    const isHead = !isFailure(transaction.head) && transaction.head.method === 'HEAD'
    const kind = isHead ? 'none' : random.pick(['length', 'stream'] as const)
    transaction.begin(200, kind === 'stream' ? '' : `Content-Length: ${body.length}\r\n`, kind)
    if (random.chance(50)) transaction.flush()
    if (!isHead) for (const part of parts) transaction.write(part, 0, part.length)
    transaction.end()
    const { messages } = llhttp.read([wire.bytes], { kind: 'answer', head: isHead, ends: true })
    assert.equal(messages.length, 1)
    assert.equal(messages[0]?.completeIn === -1, false, wire.bytes.slice(0, 200))
    assert.equal(messages[0]?.body, isHead ? '' : body.toString())
    if (!isHead) assert.equal(messages[0]?.keeps, wire.told[0] === 'finished, kept')
  }
})
