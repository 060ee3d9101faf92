import assert from 'node:assert/strict'
import { test } from 'node:test'

import { relayed, replaced } from '../../matrix/answer-case.ts'
import type { AnswerOutcome } from '../../matrix/answer-case.ts'
import { chunked, get, message, post } from '../../matrix/bytes.ts'
import { answered, broken, forwarded, plain, posted, refused } from '../../matrix/case.ts'
import type { Outcome } from '../../matrix/case.ts'
import { judgeAnswer } from '../../matrix/judge-answer.ts'
import { judge } from '../../matrix/judge.ts'
import { sourcePlace } from '../../matrix/place.ts'

const good = get('/x', 'X-A: b')
const right = { start: 'GET /x HTTP/1.1', fields: { 'x-a': 'b' } }
const body = post(['Content-Length: 2'], 'hi')

/** Requests with something wrong about what is required of them, and what the judge must say. */
const wrong: readonly (readonly [string, string, Outcome, RegExp])[] = [
  ['a refusal of what is fine', good, refused(400), /status 200 instead of 400/],
  ['an answer of its own', good, answered(404), /status 200 instead of 404/],
  ['another status for a refusal', get('/x', 'Host: a'), refused(431), /status 400 instead of 431/],
  ['a request where there is a refusal', get('/x', 'Host: a'), plain(), /status 400 instead of 200/],
  [
    'another request line',
    good,
    forwarded({ ...right, start: 'GET /y HTTP/1.1' }),
    /the answer is "seen GET \/x"/,
  ],
  ['a field less', good, forwarded({ start: right.start }), /x-a: \["b"\] instead of nothing/],
  ['a field more', good, forwarded({ ...right, fields: { 'x-a': 'b', 'x-b': 'c' } }), /x-b: nothing instead/],
  ['another value', good, forwarded({ ...right, fields: { 'x-a': 'c' } }), /x-a: \["b"\] instead of \["c"\]/],
  [
    'two lines for one',
    good,
    forwarded({ ...right, fields: { 'x-a': ['b', 'b'] } }),
    /x-a: \["b"\] instead of/,
  ],
  ['another Host', good, forwarded({ ...right, host: 'b' }), /host: \["a"\] instead of \["b"\]/],
  ['a trace of its own', good, forwarded({ ...right, own: { traceparent: '00-1-2-00' } }), /traceparent: /],
  ['the id of the client', good, forwarded({ ...right, own: { 'x-request-id': 'mine' } }), /x-request-id: /],
  ['an end of the connection', good, forwarded(right, { connection: 'closed' }), /Connection: /],
  ['another body', body, posted('ho'), /body: "hi" instead of "ho"/],
  ['no body', body, forwarded({ start: 'POST /x HTTP/1.1' }), /body: "hi" instead of ""; framing/],
  [
    'a length for chunks',
    chunked('2\r\nhi\r\n0\r\n\r\n'),
    posted('hi', {}, { framing: 'length' }),
    /framing: chunked/,
  ],
  ['one request of two', good + get('/y'), forwarded(right), /a probe on the same connection was answered/],
  ['a cut for a refusal', message('GET /x HTTP/1.1', []), broken(431), /answered with "HTTP\/1.1 400 /],
]

for (const [title, bytes, outcome, verdict] of wrong) {
  test(`the judge of requests notices ${title}`, async (t) => {
    const item = { id: 'X', title, bytes, outcome, source: '' }
    assert.match((await judge(await sourcePlace(t), item, 'one write')) ?? 'nothing', verdict)
  })
}

const answer = message('HTTP/1.1 200 OK', ['X-A: b', 'Content-Length: 2'], 'hi')
const wrongAnswers: readonly (readonly [string, string, AnswerOutcome, RegExp])[] = [
  ['502 for what is fine', answer, replaced, /status 200 instead of 502/],
  ['a cut of what is fine', answer, { kind: 'cut' }, /the client got a complete answer/],
  ['another status', answer, relayed(201, 'hi', { 'x-a': 'b' }), /status 200 instead of 201/],
  ['another body', answer, relayed(200, 'ho', { 'x-a': 'b' }), /the body "hi" instead of "ho"/],
  ['a field less', answer, relayed(200, 'hi'), /x-a: \["b"\] instead of \[\]/],
  [
    'a connection that ends',
    answer,
    relayed(200, 'hi', { 'x-a': 'b' }, { client: 'closed' }),
    /Connection: /,
  ],
  [
    'a connection of the worker that must go on',
    `${answer}X`,
    relayed(200, 'hi', { 'x-a': 'b' }),
    /the worker's connection was given up/,
  ],
]

for (const [title, bytes, outcome, verdict] of wrongAnswers) {
  test(`the judge of answers notices ${title}`, async (t) => {
    const item = {
      id: 'X',
      title,
      request: get('/x'),
      answer: bytes,
      after: 'waits' as const,
      outcome,
      source: '',
    }
    assert.match((await judgeAnswer(await sourcePlace(t), item, 'one write')) ?? 'nothing', verdict)
  })
}
