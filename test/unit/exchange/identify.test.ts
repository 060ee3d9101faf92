import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answered } from '../../../internal/exchange/exchange.ts'
import { Caller, identify, identifyRefused } from '../../../internal/exchange/identify.ts'
import type { Identification } from '../../../internal/exchange/identify.ts'
import { compileTrustedPeers } from '../../../internal/exchange/peer.ts'
import { createIdSource } from '../../../internal/exchange/request-id.ts'
import { readOk } from '../../support/head.ts'

const ids = createIdSource()
const trusts = compileTrustedPeers(['10.0.0.0/8'])
const by = (address: string): Identification =>
  new Caller(
    { ids, trusts, scheme: 'http', fallbackHost: 'fallback:1' },
    { address, trusted: trusts(address), keepsIds: trusts(address) },
  )
const stranger = by('203.0.113.1')
const proxy = by('10.0.0.1')
const claims = [
  'X-Request-ID: from-outside',
  `traceparent: 00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
  'X-Forwarded-For: 198.51.100.1',
  'X-Forwarded-Proto: http, https',
  'X-Forwarded-Host: evil, public.example',
]

test('an untrusted peer is the client and brings no ids, scheme or host of its own', () => {
  const exchange = identify(readOk(claims), 'http', stranger)
  assert.notEqual(exchange.id, 'from-outside')
  assert.notEqual(exchange.traceId, 'ab'.repeat(16))
  assert.deepEqual([exchange.client, exchange.scheme, exchange.host], ['203.0.113.1', 'http', 'a'])
})

test('a trusted peer speaks for the client, and its own entry of each list counts', () => {
  const exchange = identify(readOk(claims), 'websocket', proxy)
  assert.equal(exchange.id, 'from-outside')
  assert.equal(exchange.traceId, 'ab'.repeat(16))
  assert.deepEqual(
    [exchange.client, exchange.scheme, exchange.host],
    ['198.51.100.1', 'https', 'public.example'],
  )
  assert.equal(exchange.kind, 'websocket')
})

const kept: readonly (readonly [string, string, 'scheme' | 'host' | 'client', string])[] = [
  ['an id that is not plain', 'X-Request-ID: a b', 'host', 'a'],
  ['a scheme that is none', 'X-Forwarded-Proto: gopher', 'scheme', 'http'],
  ['a scheme of sockets', 'X-Forwarded-Proto: wss', 'scheme', 'https'],
  ['a host that is none', 'X-Forwarded-Host: a/b', 'host', 'a'],
  ['an empty host', 'X-Forwarded-Host:', 'host', 'a'],
  ['a client that is none', 'X-Forwarded-For: me', 'client', '10.0.0.1'],
]

for (const [what, line, field, expected] of kept) {
  test(`from a trusted peer ${what} leads to ${field} ${expected}`, () => {
    const exchange = identify(readOk([line]), 'http', proxy)
    assert.equal(exchange[field], expected)
    assert.match(exchange.id, /^[a-z0-9-]+$/)
  })
}

test('a repeated id is no id', () => {
  const { id } = identify(readOk(['X-Request-ID: a', 'X-Request-ID: b']), 'http', proxy)
  assert.ok(id !== 'a' && id !== 'b' && !id.includes(','))
})

test('the record keeps the path apart from the query', () => {
  const exchange = identify(readOk([], { url: '/a%20b?token=1' }), 'http', stranger)
  assert.deepEqual([exchange.path, exchange.hasQuery], ['/a%20b', true])
})

test('a refused head leaves only what cannot be wrong', () => {
  const exchange = identifyRefused({ method: 'GET', target: `/${'x'.repeat(999)}?q` }, proxy)
  assert.equal(exchange.head, null)
  assert.equal(exchange.path.length, 256)
  assert.deepEqual([exchange.hasQuery, exchange.client, exchange.host], [true, '10.0.0.1', 'fallback:1'])
})

test('the time to the first byte is that of the first answer', () => {
  const exchange = identify(readOk([]), 'http', stranger)
  assert.equal(exchange.ttfbMs, null)
  answered(exchange, 200)
  const first = exchange.ttfbMs
  answered(exchange, 502)
  assert.deepEqual([exchange.status, exchange.ttfbMs], [502, first])
})
