import assert from 'node:assert/strict'
import { test } from 'node:test'

import { incomingHead } from '../../../internal/proxy/incoming.ts'

const raw = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'))

const asks = (fields: readonly string[]): number =>
  fields.filter((name) => name.toLowerCase() === 'x-accel-buffering').length

test('fields keep their order, repetition, case and bytes', () => {
  const sent = ['Set-Cookie', 'a=1', 'x-a', 'caf\xe9', 'set-cookie', 'b=2', 'Set-Cookie', 'c=3']
  assert.deepEqual(incomingHead(raw(...sent), 'id').fields, [...sent, 'X-Request-ID', 'id'])
})

test('fields of the hop, and those its Connection names, are dropped', () => {
  const head = incomingHead(
    raw('Connection', 'close, X-Hop', 'X-HOP', '1', 'Keep-Alive', 'x', 'Transfer-Encoding', 'chunked').concat(
      raw('Trailer', 'x', 'Alt-Svc', 'x', 'Upgrade', 'x', 'Proxy-Authenticate', 'x', 'X-Kept', '1'),
    ),
    'id',
  )
  assert.deepEqual(head.fields, ['X-Kept', '1', 'X-Request-ID', 'id'])
})

test('the request id is ours', () => {
  assert.deepEqual(incomingHead(raw('x-request-id', 'theirs'), 'ours').fields, ['X-Request-ID', 'ours'])
})

test('the media type is known without its parameters', () => {
  assert.equal(incomingHead(raw('content-type', ' Text/HTML ; charset=x'), 'id').mediaType, 'text/html')
  assert.equal(incomingHead([], 'id').mediaType, '')
})

test('event streams ask proxies in front not to hold them back, once', () => {
  assert.equal(asks(incomingHead(raw('Content-Type', 'text/event-stream'), 'id').fields), 1)
  const own = raw('X-Accel-Buffering', 'no', 'Content-Type', 'text/event-stream')
  assert.equal(asks(incomingHead(own, 'id').fields), 1)
  assert.equal(asks(incomingHead(raw('Content-Type', 'text/plain'), 'id').fields), 0)
})
