import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Passage } from '../../../internal/exchange/exchange.ts'
import { noBody, type AnswerHead } from '../../../internal/http1/head.ts'
import { agreementLines, incomingHead } from '../../../internal/proxy/incoming.ts'
import { compileResponseHeaders } from '../../../internal/proxy/response-headers.ts'

/** Rules that add nothing and drop only what is always dropped. */
const rules = compileResponseHeaders({
  publicBaseUrl: '',
  headers: {
    general: {
      hsts: null,
      contentTypeOptions: false,
      referrerPolicy: '',
      frames: { kind: 'any' },
      set: [],
      remove: [],
    },
    workers: {},
  },
}).own

/** A head with these fields, as the engine reads it. */
function head(fields: readonly string[], overrides: Partial<AnswerHead> = {}): AnswerHead {
  return {
    status: 200,
    minor: 1,
    fields: ['Date', 'then', ...fields],
    framing: noBody,
    connection: [],
    mayOverrun: false,
    ...overrides,
  }
}

/** Lines for the client behind the date, without the request id at their end. */
function lines(answer: AnswerHead): readonly string[] {
  const all = incomingHead(answer, 'id', rules, 'http').lines.split('\r\n')
  assert.deepEqual(all.slice(-2), ['X-Request-ID: id', ''])
  assert.equal(all[0], 'Date: then')
  return all.slice(1, -2)
}

test('fields keep their order, repetition, case and bytes', () => {
  const sent = ['Set-Cookie', 'a=1', 'x-a', 'caf\xe9', 'set-cookie', 'b=2', 'Set-Cookie', 'c=3']
  assert.deepEqual(lines(head(sent)), [
    'Set-Cookie: a=1',
    'x-a: caf\xe9',
    'set-cookie: b=2',
    'Set-Cookie: c=3',
  ])
})

test('fields of the hop, and those its Connection names, are dropped', () => {
  const hop = ['Connection', 'close, X-Hop', 'X-HOP', '1', 'Keep-Alive', 'x', 'Transfer-Encoding', 'chunked']
  const more = ['Trailer', 'x', 'Alt-Svc', 'x', 'Upgrade', 'x', 'Proxy-Authenticate', 'x', 'X-Kept', '1']
  assert.deepEqual(lines(head([...hop, ...more], { connection: ['close', 'x-hop'] })), ['X-Kept: 1'])
})

test('the request id is ours', () => {
  assert.deepEqual(lines(head(['x-request-id', 'theirs'])), [])
})

test('an answer without a date gets one, an answer with one keeps it', () => {
  const { lines: text } = incomingHead({ ...head([]), fields: [] }, 'id', rules, 'http')
  const dates = text.split('\r\n').filter((line) => line.startsWith('Date: '))
  assert.equal(dates.length, 1)
  assert.ok(Math.abs(Date.parse(dates[0]?.slice(6) ?? '') - Date.now()) < 60_000)
})

test('a length stays where there may be one, and goes where there is never a body', () => {
  assert.deepEqual(lines(head(['Content-Length', '5'])), ['Content-Length: 5'])
  assert.deepEqual(lines(head(['Content-Length', '5'], { status: 304 })), ['Content-Length: 5'])
  assert.deepEqual(lines(head(['Content-Length', '5'], { status: 204 })), [])
})

test('the media type is known without its parameters', () => {
  assert.equal(
    incomingHead(head(['content-type', 'Text/HTML ; charset=x']), 'id', rules, 'http').mediaType,
    'text/html',
  )
  assert.equal(incomingHead(head([]), 'id', rules, 'http').mediaType, '')
})

function asks(fields: readonly string[]): number {
  return lines(head(fields)).filter((line) => line.toLowerCase().startsWith('x-accel-buffering')).length
}

test('event streams ask proxies in front not to hold them back, once', () => {
  assert.equal(asks(['Content-Type', 'text/event-stream']), 1)
  assert.equal(asks(['X-Accel-Buffering', 'no', 'Content-Type', 'text/event-stream']), 1)
  assert.equal(asks(['Content-Type', 'text/plain']), 0)
})

test('an agreement keeps what the two ends agreed on, and nothing about the hop or the software', () => {
  const sent = [
    'Upgrade',
    'websocket',
    'Connection',
    'Upgrade',
    'Sec-WebSocket-Accept',
    'x',
    'server',
    'uvicorn',
  ]
  const answer = head([...sent, 'Set-Cookie', 'a=1', 'X-Request-ID', 'theirs'], { status: 101 })
  assert.deepEqual(agreementLines(answer, 'id', rules).split('\r\n'), [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Date: then',
    'Sec-WebSocket-Accept: x',
    'Set-Cookie: a=1',
    'X-Request-ID: id',
    '',
    '',
  ])
})

test('the length cannot be named away by the worker: it frames the answer for the client', () => {
  const named = head(['Content-Length', '5'], { connection: ['content-length'] })
  assert.deepEqual(lines(named), ['Content-Length: 5'])
})

test('the same answer again gets another id, and other lines for another scheme or with authorisation', () => {
  const strict = compileResponseHeaders({
    publicBaseUrl: '',
    headers: {
      general: {
        hsts: { maxAgeS: 60, includeSubdomains: false, preload: false },
        contentTypeOptions: false,
        referrerPolicy: '',
        frames: { kind: 'any' },
        set: [],
        remove: [],
      },
      workers: {},
    },
  }).own
  const answer = head(['Set-Cookie', 'own=1', 'Content-Type', 'text/plain'])
  const passage: Passage = {
    authorization: null,
    cookie: null,
    workerLines: '',
    answerLines: '',
    personal: true,
    isOwnCookie: (name) => name === 'own',
  }
  const secure = 'Strict-Transport-Security: max-age=60\r\n'
  const said = 'Date: then\r\nSet-Cookie: own=1\r\nContent-Type: text/plain\r\n'
  const personal =
    'Date: then\r\nContent-Type: text/plain\r\nCache-Control: private\r\nVary: Cookie, Authorization\r\n'
  for (let round = 0; round < 2; round++) {
    for (const [id, scheme, who, expected] of [
      ['1', 'http', null, `${said}X-Request-ID: 1\r\n`],
      ['2', 'http', null, `${said}X-Request-ID: 2\r\n`],
      ['3', 'https', null, `${said}${secure}X-Request-ID: 3\r\n`],
      ['4', 'http', passage, `${personal}X-Request-ID: 4\r\n`],
      ['5', 'http', null, `${said}X-Request-ID: 5\r\n`],
    ] as const) {
      const { lines: text, mediaType } = incomingHead(answer, id, strict, scheme, who)
      assert.deepEqual([text, mediaType], [expected, 'text/plain'])
    }
  }
})
