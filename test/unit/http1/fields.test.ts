import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  declaredFraming,
  earlyComplaint,
  FieldSection,
  readFields,
  trimmed,
} from '../../../internal/http1/fields.ts'

function section(lines: string): FieldSection {
  const read = new FieldSection()
  assert.equal(complaint(lines, read), null)
  return read
}

/** What is said about lines that stand somewhere inside other bytes. */
function complaint(lines: string, read = new FieldSection()): string | null {
  const text = `GET / HTTP/1.1\r\n${lines}`
  const bytes = Buffer.from(`before${text}\r\nbehind: x\r\n`, 'latin1')
  const from = 'before'.length
  return readFields(bytes, text, from, from + 16, from + text.length, read)
}

const framingOf = (lines: string, minor: 0 | 1 = 1): unknown => declaredFraming(section(lines), minor)

test('names and values are taken as sent, in order, without the white space around values', () => {
  const { fields } = section('a:b\r\nA: \t c d \t\r\nx!#:\r\nY: \x80\xff\r\n')
  assert.deepEqual(fields, ['a', 'b', 'A', 'c d', 'x!#', '', 'Y', '\x80\xff'])
})

for (const [lines, expected] of [
  ['X : a\r\n', 'White space stands between a header name and its colon.'],
  ['X\t: a\r\n', 'White space stands between a header name and its colon.'],
  [' X: a\r\n', 'A header line begins with white space: folded lines are not accepted.'],
  ['X: a\r\n b\r\n', 'A header line begins with white space: folded lines are not accepted.'],
  [': a\r\n', 'A header line has no name.'],
  ['X\r\n', 'A header line has no colon.'],
  ['X\x80: a\r\n', 'A header name has a character that is not allowed.'],
  ['X(: a\r\n', 'A header name has a character that is not allowed.'],
  ['X: a\nY: b\r\n', 'A line ends with a bare line feed.'],
  ['X: a\rb\r\n', 'A carriage return stands alone.'],
  ['X: a\r\r\n', 'A carriage return stands alone.'],
  ['X: a\x00b\r\n', 'A header value has a control character.'],
  ['X: a\x7f\r\n', 'A header value has a control character.'],
] as const) {
  test(`the line ${JSON.stringify(lines)} is complained about, also behind a good one`, () => {
    assert.equal(complaint(lines), expected)
    assert.equal(complaint(`Host: a\r\n${lines}`), expected)
  })
}

test('a line is not completed with bytes behind the head', () => {
  assert.notEqual(complaint('X: a'), null)
  assert.notEqual(complaint('X'), null)
})

test('the tokens of all Connection lines are collected, in lower case', () => {
  assert.deepEqual(section('X: close\r\n').connection, [])
  assert.deepEqual(section('Connection: close\r\n').connection, ['close'])
  assert.deepEqual(section('connection: Keep-Alive,, \tX-A ,\r\nCONNECTION: Close\r\n').connection, [
    'keep-alive',
    'x-a',
    'close',
  ])
})

for (const [lines, expected] of [
  ['X: a\r\n', null],
  ['Content-Length: 0\r\n', { kind: 'length', bytes: 0 }],
  ['content-length: 0012\r\n', { kind: 'length', bytes: 12 }],
  ['Content-Length: 9007199254740991\r\n', { kind: 'length', bytes: Number.MAX_SAFE_INTEGER }],
  ['Transfer-Encoding: chunked\r\n', { kind: 'chunked' }],
  ['TRANSFER-ENCODING: CHUNKED\r\n', { kind: 'chunked' }],
] as const) {
  test(`${JSON.stringify(lines)} declares ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(framingOf(lines), { kind: 'declared', framing: expected })
  })
}

for (const [lines, why] of [
  ['Content-Length:\r\n', 'invalid'],
  ['Content-Length: +1\r\n', 'invalid'],
  ['Content-Length: -1\r\n', 'invalid'],
  ['Content-Length: 1, 1\r\n', 'invalid'],
  ['Content-Length: 1.0\r\n', 'invalid'],
  ['Content-Length: 0x1\r\n', 'invalid'],
  ['Content-Length: \xb2\r\n', 'invalid'],
  ['Content-Length: 1\r\nContent-Length: 1\r\n', 'invalid'],
  ['Content-Length: 9007199254740992\r\n', 'too-large'],
  ['Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', 'invalid'],
  ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', 'invalid'],
  ['Transfer-Encoding:\r\n', 'invalid'],
  ['Transfer-Encoding: identity\r\n', 'invalid'],
  ['Transfer-Encoding: chunked, gzip\r\n', 'invalid'],
  ['Transfer-Encoding: chunked, chunked\r\n', 'invalid'],
  ['Transfer-Encoding: xchunked\r\n', 'invalid'],
  ['Transfer-Encoding: chunked;a=b\r\n', 'invalid'],
  ['Transfer-Encoding: gzip, chunked\r\n', 'unknown-coding'],
] as const) {
  test(`${JSON.stringify(lines)} is refused as ${why}`, () => {
    const framing = declaredFraming(section(lines), 1)
    assert.equal(framing.kind === 'refused' && framing.why, why)
  })
}

test('HTTP/1.0 has lengths and no codings', () => {
  assert.deepEqual(framingOf('Content-Length: 3\r\n', 0), {
    kind: 'declared',
    framing: { kind: 'length', bytes: 3 },
  })
  const coded = declaredFraming(section('Transfer-Encoding: chunked\r\n'), 0)
  assert.equal(coded.kind === 'refused' && coded.why, 'invalid')
})

test('only spaces and tabs are trimmed', () => {
  assert.deepEqual(
    [' \ta b\t ', '\xa0a\v', ''].map((text) => trimmed(text)),
    ['a b', '\xa0a\v', ''],
  )
})

/** What is said when the text has come up to each of its bytes in turn. */
function stepwise(text: string): readonly (string | null)[] {
  const bytes = Buffer.from(text, 'latin1')
  return Array.from({ length: bytes.length }, (_, index) => earlyComplaint(bytes, 0, index, index + 1))
}

test('a head that comes byte by byte is complained about as soon as a line end is wrong', () => {
  for (const text of ['GET /\n', 'GET /\r\r', 'GET /\rx', 'GET /\r\n ', 'GET /\r\n\t', '\n']) {
    const said = stepwise(text)
    assert.notEqual(said.at(-1), null, JSON.stringify(text))
    assert.ok(said.slice(0, -1).every((one) => one === null))
    assert.equal(earlyComplaint(Buffer.from(text), 0, 0, text.length), said.at(-1))
  }
})

test('a head with good line ends is not complained about at any byte', () => {
  assert.ok(stepwise('GET / HTTP/1.1\r\nHost: a\r\nX: \ta \t\r\n\r').every((one) => one === null))
})
