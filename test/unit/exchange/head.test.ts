import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compileHeadRules, HeadMemory, normaliseHost, readHead } from '../../../internal/exchange/head.ts'
import { isFailure } from '../../../internal/fault/failure.ts'
import { noBody, type RequestHead } from '../../../internal/http1/head.ts'
import { readOk, refusal } from '../../support/head.ts'

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const handshake = ['Connection: keep-alive, Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key]

test('ordinary fields travel on in order with their names as sent', () => {
  const head = readOk(['X-A: 1', 'x-b: 2', 'X-A: 3'])
  assert.deepEqual(head.forward, ['X-A', '1', 'x-b', '2', 'X-A', '3'])
  assert.equal(head.host, 'a')
})

test('fields that are read travel on once, in one line', () => {
  const head = readOk(['Cookie: a=1', 'cookie: b=2', 'Authorization: Basic x', 'Content-Type: text/plain'])
  assert.deepEqual(head.forward, [
    'Authorization',
    'Basic x',
    'Content-Type',
    'text/plain',
    'Cookie',
    'a=1; b=2',
  ])
})

test('fields of one hop, of the gateway, and those a worker could take for them are dropped', () => {
  const names = [
    'Keep-Alive',
    'TE',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'x_forwarded_for',
    'X.Real.Ip',
    'Via',
  ]
  assert.deepEqual(readOk([...names, '__proto__', 'constructor'].map((name) => `${name}: x`)).forward, [])
})

test('fields named by Connection are dropped, in any case and from several lines', () => {
  const head = readOk(['Connection: close, X-Foo', 'connection: ,x-BAR', 'X-Foo: 1', 'x-bar: 2', 'X-Baz: 3'])
  assert.deepEqual(head.forward, ['X-Baz', '3'])
})

test('fields that are read can be named away too', () => {
  assert.deepEqual(readOk(['Connection: Content-Type', 'Content-Type: text/plain']).forward, [])
})

for (const name of ['Host', 'Content-Length', 'Cookie', 'Authorization']) {
  test(`Connection may not name ${name}`, () => {
    assert.equal(refusal(['Host: a', `Connection: close, ${name.toLowerCase()}`]), 'bad_header')
  })
}

for (const name of ['Authorization', 'Content-Type', 'Origin']) {
  test(`${name} twice is refused`, () => {
    assert.equal(refusal(['Host: a', `${name}: x`, `${name.toUpperCase()}: x`]), 'bad_header')
  })
}

const starts: readonly (readonly [string, Parameters<typeof refusal>[1] & object, string])[] = [
  ['HTTP/0.9', { httpVersion: '0.9' }, 'http_version'],
  ['HTTP/2.0 as text', { httpVersion: '2.0' }, 'http_version'],
  ['TRACE', { method: 'TRACE' }, 'method_not_allowed'],
  ['CONNECT', { method: 'CONNECT' }, 'method_not_implemented'],
  ['a target over the limit', { url: `/${'x'.repeat(8_192)}` }, 'target_too_long'],
  ['a target at the limit', { url: `/${'x'.repeat(8_191)}` }, 'none'],
]

for (const [name, start, code] of starts) {
  test(`the request line with ${name} leads to ${code}`, () =>
    assert.equal(refusal(['Host: a'], start), code))
}

test('as many fields as the limit pass, one more does not', () => {
  const lines = Array.from({ length: 99 }, (_, i) => `X-${i}: 1`)
  assert.equal(refusal(['Host: a', ...lines]), 'none')
  assert.equal(refusal(['Host: a', ...lines, 'X-More: 1']), 'header_too_large')
})

test('Host is needed once, in HTTP/1.0 at most once', () => {
  assert.equal(refusal([]), 'bad_host')
  assert.equal(refusal([], { httpVersion: '1.0' }), 'none')
  assert.equal(refusal(['Host: a', 'host: a']), 'bad_host')
  assert.equal(refusal(['Host: a', 'host: a'], { httpVersion: '1.0' }), 'bad_host')
})

const goodHosts = [
  'a',
  'A.Example',
  'a.example.',
  'a:80',
  '127.0.0.1:8000',
  '[::1]',
  '[::1]:8080',
  'a_b',
  'a:65535',
]
const badHosts = [
  '',
  'a/b',
  'a\\b',
  'user@a',
  'a b',
  'a,b',
  'a#',
  'a?',
  '[::1',
  '[]',
  'a:65536',
  'a:-1',
  'a:x',
  ':80',
]

for (const host of goodHosts) {
  test(`${host} is a host`, () => assert.equal(normaliseHost(host), host))
}

for (const host of [
  ...badHosts,
  '.a',
  '-a',
  'a%2f',
  'ü',
  '[g::1]',
  'a:0x50',
  '\xa0a',
  'a\xa0',
  'a'.repeat(300),
]) {
  test(`${JSON.stringify(host.slice(0, 20))} is not a host`, () => assert.equal(normaliseHost(host), null))
}

test('an empty port is no port', () => assert.equal(normaliseHost('a:'), 'a'))

const framings: readonly (readonly [readonly string[], string])[] = [
  [['Content-Length: 3'], 'none'],
  [['Content-Length: 003'], 'none'],
  [['Content-Length: +3'], 'bad_request'],
  [['Content-Length: 3, 3'], 'bad_request'],
  [['Content-Length:'], 'bad_request'],
  [['Content-Length: 3', 'Content-Length: 3'], 'bad_request'],
  [['Content-Length: 9999999999999999999'], 'body_too_large'],
  [['Transfer-Encoding: Chunked'], 'none'],
  [['Transfer-Encoding: ,chunked'], 'bad_request'],
  [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'bad_request'],
  [['Transfer-Encoding: gzip, chunked'], 'transfer_not_implemented'],
  [['Transfer-Encoding: identity'], 'bad_request'],
  [['Transfer-Encoding: \xa0chunked'], 'bad_request'],
  [['Transfer-Encoding: chunked', 'Content-Length: 3'], 'bad_request'],
  [['Content-Length: 3', 'Transfer-Encoding: chunked'], 'bad_request'],
]

for (const [lines, code] of framings) {
  test(`framing by ${lines.join(' + ')} leads to ${code}`, () => {
    assert.equal(refusal(['Host: a', ...lines], { method: 'POST' }), code)
  })
}

test('a transfer coding in HTTP/1.0 is refused', () => {
  assert.equal(refusal(['Transfer-Encoding: chunked'], { httpVersion: '1.0' }), 'bad_request')
})

test('a length is a number, a transfer coding a fact, and neither travels on', () => {
  const { framing, forward } = readOk(['Content-Length: 003'], { method: 'POST' })
  assert.deepEqual([framing, forward], [{ kind: 'length', bytes: 3 }, []])
  assert.equal(readOk(['Transfer-Encoding: chunked'], { method: 'POST' }).framing.kind, 'chunked')
})

test('only the expectation of 100-continue is understood, and HTTP/1.0 has none', () => {
  assert.equal(readOk(['Expect: 100-Continue']).expectsContinue, true)
  for (const value of ['x', '100-continue, x', 'y 100-continue', '']) {
    assert.equal(refusal(['Host: a', `Expect: ${value}`]), 'expectation_failed', value)
  }
  assert.equal(readOk(['Expect: 100-continue'], { httpVersion: '1.0' }).expectsContinue, false)
})

test('a complete handshake is an offer with its subprotocols in order', () => {
  const { websocket, forward } = readOk([
    ...handshake,
    'Sec-WebSocket-Protocol: streamlit, a',
    'sec-websocket-protocol: b',
  ])
  assert.deepEqual(websocket, { key: 'dGhlIHNhbXBsZSBub25jZQ==', protocols: ['streamlit', 'a', 'b'] })
  const at = forward.indexOf('Sec-WebSocket-Protocol')
  assert.equal(forward[at + 1], 'streamlit, a, b')
})

const upgrades: readonly (readonly [
  string,
  readonly string[],
  Parameters<typeof refusal>[1] & object,
  string,
])[] = [
  ['without Connection', ['Upgrade: websocket'], {}, 'none'],
  ['to h2c', ['Connection: upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: x'], {}, 'none'],
  ['in HTTP/1.0', handshake, { httpVersion: '1.0' }, 'none'],
  ['to one of two', ['Connection: upgrade', 'Upgrade: websocket, h2c'], {}, 'bad_upgrade'],
  ['in two lines', [...handshake, 'Upgrade: websocket'], {}, 'bad_upgrade'],
  ['by POST', handshake, { method: 'POST' }, 'bad_upgrade'],
  ['with a body', [...handshake, 'Content-Length: 1'], {}, 'bad_upgrade'],
  ['without a version', ['Connection: upgrade', 'Upgrade: websocket', key], {}, 'websocket_version'],
  ['in version 8', [...handshake.slice(0, 2), key, 'Sec-WebSocket-Version: 8'], {}, 'websocket_version'],
  ['without a key', handshake.slice(0, 3), {}, 'bad_upgrade'],
  ['with two keys', [...handshake, key], {}, 'bad_upgrade'],
  ['with a short key', [...handshake.slice(0, 3), 'Sec-WebSocket-Key: AAAA'], {}, 'bad_upgrade'],
]

for (const [name, lines, start, code] of upgrades) {
  test(`an upgrade ${name} leads to ${code}`, () => assert.equal(refusal(['Host: a', ...lines], start), code))
}

test('upgrades that are not meant are plain requests', () => {
  assert.equal(readOk(['Upgrade: websocket']).websocket, null)
  assert.equal(readOk(['Connection: upgrade', 'Upgrade: h2c']).websocket, null)
})

const navigations: readonly (readonly [string, readonly string[], boolean])[] = [
  ['GET', ['Sec-Fetch-Mode: navigate'], true],
  ['GET', ['Sec-Fetch-Mode: cors', 'Accept: text/html'], false],
  ['GET', ['Accept: text/html,*/*'], true],
  ['HEAD', ['Accept: text/html'], true],
  ['GET', ['Accept: */*'], false],
  ['POST', ['Sec-Fetch-Mode: navigate'], false],
]

for (const [method, lines, expected] of navigations) {
  test(`${method} with ${lines.join(' and ')} is ${expected ? 'a' : 'no'} page load`, () => {
    assert.equal(readOk(lines, { method }).isNavigation, expected)
  })
}

test('what proxies claim is kept apart, repeated lines joined', () => {
  const { claims } = readOk([
    'X-Forwarded-For: 1.1.1.1',
    'x-forwarded-for: 2.2.2.2',
    'X-Request-ID: a',
    'X-Request-ID: b',
  ])
  assert.equal(claims.forwardedFor, '1.1.1.1, 2.2.2.2')
  assert.equal(claims.requestId, 'a, b')
  assert.equal(claims.forwardedHost, null)
})

test('the head of the same fields is decided once for every method, version and set of rules', () => {
  const memory = new HeadMemory()
  const fields = ['Host', 'a', 'X-Role', 'admin', 'Accept', 'text/html', 'Max-Forwards', '1']
  const request: RequestHead = {
    method: 'GET',
    target: '/',
    minor: 1,
    fields,
    framing: noBody,
    connection: [],
  }
  const standard = compileHeadRules(new Set())
  const strict = compileHeadRules(new Set(['x-role']))
  for (const [changed, rules] of [
    [{}, standard],
    [{ target: '/b' }, standard],
    [{ target: '/c' }, strict],
    [{ method: 'OPTIONS' }, strict],
    [{ method: 'OPTIONS', minor: 0 }, strict],
    [{ method: 'TRACE' }, strict],
    [{ fields: ['Host', 'b'] }, strict],
    [{}, standard],
  ] as const) {
    const asked = { ...request, ...changed }
    assert.deepEqual(readHead(asked, rules, memory), readHead(asked, rules))
  }
  const again = readHead({ ...request, target: '/d' }, standard, memory)
  const known = readHead({ ...request, target: '/e' }, standard, memory)
  assert.ok(!isFailure(again) && !isFailure(known))
  assert.equal(known.forward, again.forward)
})
