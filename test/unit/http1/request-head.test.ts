import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFailure, type Failure } from '../../../internal/fault/failure.ts'
import type { HeadLimits, RequestHead } from '../../../internal/http1/head.ts'
import { FieldMemory, readRequestHead, refuseEarly } from '../../../internal/http1/request-head.ts'
import { requests } from '../../fuzz/generate.ts'
import { randomFor } from '../../fuzz/random.ts'
import { headLimits as wide } from '../../support/head.ts'

/** Reads a head that stands somewhere inside other bytes. */
function readHead(head: string, limits: HeadLimits = wide): RequestHead | Failure {
  const bytes = Buffer.from(`before${head}\r\nbehind`, 'latin1')
  return readRequestHead(bytes, 'before'.length, 'before'.length + head.length, limits)
}

const withLine = (line: string, limits?: HeadLimits): RequestHead | Failure =>
  readHead(`${line}\r\nHost: a\r\n`, limits)

function codeOf(head: RequestHead | Failure): string {
  return isFailure(head) ? head.code : 'none'
}

test('a head is read with method, target, version, fields and framing', () => {
  assert.deepEqual(
    readHead('POST /x?y HTTP/1.1\r\nHost: a\r\ncontent-length: 3\r\nConnection: X, Close\r\n'),
    {
      method: 'POST',
      target: '/x?y',
      minor: 1,
      fields: ['Host', 'a', 'content-length', '3', 'Connection', 'X, Close'],
      framing: { kind: 'length', bytes: 3 },
      connection: ['x', 'close'],
    },
  )
})

test('a head without fields, and without a body, is one', () => {
  const head = readHead('GET / HTTP/1.0\r\n')
  assert.deepEqual(head, {
    method: 'GET',
    target: '/',
    minor: 0,
    fields: [],
    framing: { kind: 'none' },
    connection: [],
  })
})

for (const [line, target] of [
  ['GET /x HTTP/1.1', '/x'],
  ['GET   /x   HTTP/1.1', '/x'],
  ['OPTIONS * HTTP/1.1', '*'],
  ['GET http://a HTTP/1.1', 'http://a'],
  ['GET HTTPS://a:1/x HTTP/1.0', 'HTTPS://a:1/x'],
  ['CONNECT a:443 HTTP/1.1', 'a:443'],
  ['QUERY /!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ HTTP/1.1', '/!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
] as const) {
  test(`the line ${JSON.stringify(line)} asks for ${target}`, () => {
    const head = withLine(line)
    assert.equal(isFailure(head) ? head.code : head.target, target)
  })
}

for (const [line, code] of [
  ['', 'bad_request'],
  ['GET', 'bad_request'],
  ['get / HTTP/1.1', 'bad_request'],
  ['FOO / HTTP/1.1', 'bad_request'],
  ['G(T / HTTP/1.1', 'bad_request'],
  [' GET / HTTP/1.1', 'bad_request'],
  ['GET\t/ HTTP/1.1', 'bad_request'],
  ['GET  HTTP/1.1', 'http_version'],
  ['GET /\tHTTP/1.1', 'bad_request'],
  ['GET /a\x7f HTTP/1.1', 'bad_request'],
  ['GET /a\x80 HTTP/1.1', 'bad_request'],
  ['GET /a\rb HTTP/1.1', 'bad_request'],
  ['GET /a\nb HTTP/1.1', 'bad_request'],
  ['GET / HTTP/1.1 ', 'bad_request'],
  ['GET / HTTP/1.1\t', 'bad_request'],
  ['GET / x HTTP/1.1', 'bad_request'],
  ['GET / http/1.1', 'bad_request'],
  ['GET / HTTP/1.10', 'bad_request'],
  ['GET / HTTP/11', 'bad_request'],
  ['GET / HTTP/1.', 'bad_request'],
  ['GET /', 'http_version'],
  ['GET / ', 'http_version'],
  ['GET / HTTP/1.2', 'http_version'],
  ['GET / HTTP/2.0', 'http_version'],
  ['GET / HTTP/0.9', 'http_version'],
  ['GET x HTTP/1.1', 'bad_target'],
  ['GET ?x HTTP/1.1', 'bad_target'],
  ['GET *x HTTP/1.1', 'bad_target'],
  ['GET http:/a HTTP/1.1', 'bad_target'],
  ['GET http:///a HTTP/1.1', 'bad_target'],
  ['GET a:80 HTTP/1.1', 'bad_target'],
] as const) {
  test(`the line ${JSON.stringify(line)} is refused with ${code}`, () => {
    assert.equal(codeOf(withLine(line)), code)
  })
}

for (const [lines, code] of [
  ['Host : a', 'bad_request'],
  ['Content-Length: x', 'bad_request'],
  ['Content-Length: 99999999999999999999', 'body_too_large'],
  ['Transfer-Encoding: gzip, chunked', 'transfer_not_implemented'],
  ['Transfer-Encoding: chunked\r\nContent-Length: 1', 'bad_request'],
] as const) {
  test(`the lines ${JSON.stringify(lines)} are refused with ${code}`, () => {
    assert.equal(codeOf(readHead(`POST / HTTP/1.1\r\n${lines}\r\n`)), code)
  })
}

test('a target may be as long as its limit', () => {
  const limits = { ...wide, targetBytes: 10 }
  assert.equal(codeOf(withLine(`GET /${'x'.repeat(9)} HTTP/1.1`, limits)), 'none')
  assert.equal(codeOf(withLine(`GET /${'x'.repeat(10)} HTTP/1.1`, limits)), 'target_too_long')
})

test('a head may be as long as its limit, and one whose first line is longer has a target that is too long', () => {
  const head = 'GET /x HTTP/1.1\r\nHost: a\r\n'
  assert.equal(codeOf(readHead(head, { ...wide, headerBytes: head.length })), 'none')
  assert.equal(codeOf(readHead(head, { ...wide, headerBytes: head.length - 1 })), 'header_too_large')
  assert.equal(codeOf(readHead(head, { ...wide, headerBytes: 10 })), 'target_too_long')
})

test('a head may have as many lines as its limit', () => {
  const head = 'GET /x HTTP/1.1\r\nHost: a\r\nX: a\r\n'
  assert.equal(codeOf(readHead(head, { ...wide, headerCount: 2 })), 'none')
  assert.equal(codeOf(readHead(head, { ...wide, headerCount: 1 })), 'header_too_large')
})

test('no head that is accepted as a whole is refused before its end, wherever it is looked at', () => {
  let accepted = 0
  for (let index = 0; index < 1_500; index += 1) {
    const random = randomFor(9, index)
    const bytes = Buffer.from(requests(random), 'latin1')
    const end = bytes.indexOf('\r\n\r\n') + 2
    const limits = random.chance(50) ? wide : { ...wide, headerBytes: Math.max(0, end - random.below(2)) }
    if (end < 2 || isFailure(readRequestHead(bytes, 0, end, limits))) continue
    accepted += 1
    for (let checked = 0, to = 1; to < end + 2; checked = to, to += 1 + random.below(9)) {
      const refused = refuseEarly(bytes.subarray(0, to), 0, checked, limits)
      assert.equal(refused, null, JSON.stringify(bytes.toString('latin1', 0, to)))
    }
    assert.equal(refuseEarly(bytes.subarray(0, end + 1), 0, 0, limits), null, 'without the last byte')
  }
  assert.ok(accepted > 300, `only ${accepted} heads were accepted`)
})

for (const [text, code] of [
  ['\x16\x03\x01', 'bad_request'],
  ['GET /\x00', 'bad_request'],
  ['GET / HTTP/1.1\n', 'bad_request'],
  ['GET / HTTP/1.1\r\n X', 'bad_request'],
  ['GET / HTTP/1.1\r\nX: \x01', 'bad_request'],
  [`GET /${'x'.repeat(100)}`, 'target_too_long'],
  [`GET / HTTP/1.1\r\nX: ${'x'.repeat(100)}`, 'header_too_large'],
] as const) {
  test(`${JSON.stringify(text.slice(0, 25))} is refused with ${code} before more of it comes`, () => {
    const refused = refuseEarly(Buffer.from(text, 'latin1'), 0, 0, { ...wide, headerBytes: 64 })
    assert.equal(refused?.code, code)
  })
}

test('what is found early lies behind what an earlier look has seen', () => {
  const bytes = Buffer.from('GET /\x00 HTTP/1.1\r\nX:')
  assert.equal(refuseEarly(bytes, 0, 6, wide), null)
  assert.equal(refuseEarly(bytes, 0, 5, wide)?.code, 'bad_request')
})

test('fields that were just read are not read again, and mean the same', () => {
  const memory = new FieldMemory()
  const read = (head: string): RequestHead | Failure => {
    const bytes = Buffer.from(`${head}\r\n\r\n`, 'latin1')
    return readRequestHead(bytes, 0, head.length + 2, wide, memory)
  }
  const fieldsOf = (head: string): readonly string[] => {
    const found = read(head)
    return isFailure(found) ? [] : found.fields
  }
  const first = fieldsOf('GET /a HTTP/1.1\r\nHost: a\r\nX: 1')
  assert.equal(fieldsOf('POST /b HTTP/1.1\r\nHost: a\r\nX: 1'), first)
  assert.notEqual(fieldsOf('GET /a HTTP/1.1\r\nHost: a\r\nX: 2'), first)
  assert.deepEqual(fieldsOf('GET /a HTTP/1.1\r\nHost: a\r\nX: 2'), ['Host', 'a', 'X', '2'])
  const chunked = 'Host: a\r\nTransfer-Encoding: chunked'
  assert.equal(codeOf(read(`POST / HTTP/1.1\r\n${chunked}`)), 'none')
  assert.equal(codeOf(read(`POST / HTTP/1.0\r\n${chunked}`)), 'bad_request')
  assert.equal(codeOf(read(`POST / HTTP/1.1\r\n${chunked}`)), 'none')
})

test('what was refused is refused again, and long fields are not remembered', () => {
  const memory = new FieldMemory()
  const read = (fields: string): RequestHead | Failure => {
    const bytes = Buffer.from(`GET / HTTP/1.1\r\n${fields}\r\n`, 'latin1')
    return readRequestHead(bytes, 0, bytes.length, wide, memory)
  }
  const bad = 'Host: a\r\nContent-Length: 1\r\nContent-Length: 1'
  assert.deepEqual([codeOf(read(bad)), codeOf(read(bad))], ['bad_request', 'bad_request'])
  const long = `Host: a\r\nX: ${'x'.repeat(5_000)}`
  const [once, again] = [read(long), read(long)]
  assert.ok(!isFailure(once) && !isFailure(again))
  assert.notEqual(once.fields, again.fields)
})
