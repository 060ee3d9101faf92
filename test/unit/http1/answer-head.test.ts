import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AnswerMemory, readAnswerHead, type InvalidAnswer } from '../../../internal/http1/answer-head.ts'
import type { AnswerHead } from '../../../internal/http1/head.ts'

/** Reads a head that stands somewhere inside other bytes. */
function readHead(head: string, method = 'GET', headerCount = 100): AnswerHead | InvalidAnswer {
  const bytes = Buffer.from(`before${head}\r\nbehind`, 'latin1')
  return readAnswerHead(bytes, 'before'.length, 'before'.length + head.length, method, headerCount)
}

function framingOf(head: string, method = 'GET'): string {
  const read = readHead(head, method)
  return 'invalid' in read ? read.invalid : read.framing.kind
}

test('an answer is read with status, version, fields and framing', () => {
  assert.deepEqual(readHead('HTTP/1.1 201 Made\r\nContent-Length: 3\r\nconnection: close\r\n'), {
    status: 201,
    minor: 1,
    fields: ['Content-Length', '3', 'connection', 'close'],
    framing: { kind: 'length', bytes: 3 },
    connection: ['close'],
    mayOverrun: false,
  })
})

for (const line of [
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.0 200 a b',
  'HTTP/1.1 200 \x80\t',
  'HTTP/1.1 999 X',
]) {
  test(`${JSON.stringify(line)} is a status line`, () => {
    assert.ok('status' in readHead(`${line}\r\n`))
  })
}

for (const line of [
  '',
  'HTTP/1.1',
  'HTTP/1.1 20',
  'HTTP/1.1 2000',
  'HTTP/1.1 20x',
  'HTTP/1.1 099 X',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.2 200 OK',
  'HTTP/2.0 200 OK',
  'http/1.1 200 OK',
  ' HTTP/1.1 200 OK',
  'HTTP/1.1 200 O\x00K',
  'HTTP/1.1 200 O\rK',
  'HTTP/1.1 200 O\nK',
  'ICY 200 OK',
]) {
  test(`${JSON.stringify(line)} is no status line`, () => {
    assert.deepEqual(readHead(`${line}\r\nX: a\r\n`), {
      invalid: 'The answer does not begin with a status line.',
    })
  })
}

for (const [lines, kind] of [
  ['', 'close'],
  ['Content-Length: 5\r\n', 'length'],
  ['Content-Length: 0\r\n', 'length'],
  ['Transfer-Encoding: chunked\r\n', 'chunked'],
] as const) {
  test(`an answer with ${JSON.stringify(lines)} has a body framed by ${kind}`, () => {
    assert.equal(framingOf(`HTTP/1.1 200 OK\r\n${lines}`), kind)
  })

  test(`with ${JSON.stringify(lines)} answers to HEAD, 204 and 304 have no body`, () => {
    assert.equal(framingOf(`HTTP/1.1 200 OK\r\n${lines}`, 'HEAD'), 'none')
    for (const status of [204, 304])
      assert.equal(framingOf(`HTTP/1.1 ${status} X\r\n${lines}`), 'none', String(status))
  })
}

test('framing that says nothing certain is invalid, also where no body follows', () => {
  const lines = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'
  for (const method of ['GET', 'HEAD'])
    assert.match(framingOf(`HTTP/1.1 204 X\r\n${lines}`, method), /a Content-Length and a Transfer-Encoding/)
  assert.match(framingOf('HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n'), /not a number/)
  assert.match(framingOf('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n'), /no Transfer-Encoding/)
  assert.match(framingOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n'), /only the/i)
})

test('a bad line is complained about', () => {
  assert.deepEqual(readHead('HTTP/1.1 200 OK\r\nX : a\r\n'), {
    invalid: 'White space stands between a header name and its colon.',
  })
})

test('an answer may have as many lines as the limit says', () => {
  assert.ok('status' in readHead('HTTP/1.1 200 OK\r\nX: a\r\nX: b\r\n', 'GET', 2))
  assert.deepEqual(readHead('HTTP/1.1 200 OK\r\nX: a\r\nX: b\r\nX: c\r\n', 'GET', 2), {
    invalid: 'The answer has too many header lines.',
  })
})

test('an answer that begins as the one before is that one, except to another kind of request', () => {
  const memory = new AnswerMemory()
  const read = (head: string, method: string): AnswerHead | InvalidAnswer => {
    const bytes = Buffer.from(`${head}\r\n`, 'latin1')
    return readAnswerHead(bytes, 0, head.length, method, 100, memory)
  }
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n'
  const first = read(head, 'GET')
  assert.equal(read(head, 'POST'), first)
  const toHead = read(head, 'HEAD')
  assert.ok('framing' in toHead && toHead.framing.kind === 'none' && toHead.mayOverrun)
  assert.deepEqual(read(head, 'GET'), first)
  assert.ok('status' in read('HTTP/1.1 201 OK\r\nContent-Length: 3\r\n', 'GET'))
  const bad = 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n'
  assert.deepEqual(
    [read(bad, 'GET'), read(bad, 'GET')].map((one) => 'invalid' in one),
    [true, true],
  )
})

test('an interim answer that speaks of a body is none: what follows could be that body, or the answer that counts', () => {
  for (const status of [100, 101, 103, 183]) {
    for (const line of ['Content-Length: 2', 'Transfer-Encoding: chunked'])
      assert.deepEqual(readHead(`HTTP/1.1 ${status} X\r\n${line}\r\n`), {
        invalid: 'An interim answer speaks of a body.',
      })
    for (const line of ['', 'Content-Length: 0\r\n'])
      assert.equal(framingOf(`HTTP/1.1 ${status} X\r\n${line}`), 'none')
  }
})
