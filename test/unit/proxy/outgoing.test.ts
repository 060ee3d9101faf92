import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  array,
  assert as check,
  constantFrom,
  integer,
  mixedCase,
  property,
  record,
  type Arbitrary,
} from 'fast-check'

import { Caller, identify } from '../../../internal/exchange/identify.ts'
import { compileTrustedPeers } from '../../../internal/exchange/peer.ts'
import { createIdSource } from '../../../internal/exchange/request-id.ts'
import { isFailure } from '../../../internal/fault/failure.ts'
import { outgoingLines } from '../../../internal/proxy/outgoing.ts'
import type { OutgoingRules } from '../../../internal/proxy/outgoing.ts'
import { read } from '../../support/head.ts'

const ids = createIdSource()
const plain: OutgoingRules = { prefix: '', ownOrigin: false }

/** Fields a worker gets for these lines, as `name: value`, from a client that is trusted or not. */
function fields(lines: readonly string[], rules = plain, trusted = false): readonly string[] {
  const head = read(lines)
  if (isFailure(head)) throw new Error(head.code)
  const peer = { address: '203.0.113.1', trusted, keepsIds: trusted }
  const trusts = compileTrustedPeers([])
  const exchange = identify(
    head,
    'http',
    new Caller({ ids, trusts, scheme: 'http', fallbackHost: 'f' }, peer),
  )
  return outgoingLines(exchange, head, rules).split('\r\n').slice(0, -1)
}

test("a worker gets the host, who asks, the client's fields, and the request's ids", () => {
  const lines = fields(['Host: a:8000', 'X-A: 1'])
  const masked = lines.map((line) => line.replace(/(X-Request-ID|traceparent): .*/, '$1'))
  assert.deepEqual(masked, [
    'Host: a:8000',
    'X-Forwarded-For: 203.0.113.1',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: a:8000',
    'X-Forwarded-Port: 8000',
    'X-A: 1',
    'X-Request-ID',
    'traceparent',
    'Via: 1.1 fluxlit',
  ])
})

const ports: readonly (readonly [string, string, string])[] = [
  ['a', 'http', '80'],
  ['a', 'https', '443'],
  ['[::1]', 'http', '80'],
  ['[::1]:8443', 'https', '8443'],
]

for (const [host, scheme, port] of ports) {
  test(`${scheme}://${host} is on port ${port}`, () => {
    const sent = fields([`Host: ${host}`, `X-Forwarded-Proto: ${scheme}`], plain, true)
    assert.ok(sent.includes(`X-Forwarded-Port: ${port}`))
  })
}

test('the chain of proxies goes on', () => {
  assert.ok(fields(['Host: a', 'Via: 1.0 x', 'Via: 1.1 y']).includes('Via: 1.0 x, 1.1 y, 1.1 fluxlit'))
})

test('a hidden prefix is told', () => {
  const sent = fields(['Host: a', 'X-Forwarded-Prefix: /evil'], { prefix: '/api', ownOrigin: false })
  assert.deepEqual(
    sent.filter((line) => /prefix/i.test(line)),
    ['X-Forwarded-Prefix: /api'],
  )
})

test('Streamlit sees its own origin where a page sent one, and none where not', () => {
  const rules = { prefix: '', ownOrigin: true }
  assert.ok(fields(['Host: a:1', 'Origin: https://friend'], rules).includes('Origin: http://a:1'))
  assert.ok(!fields(['Host: a:1'], rules).some((line) => line.startsWith('Origin')))
  assert.ok(fields(['Host: a:1', 'Origin: https://friend']).includes('Origin: https://friend'))
})

const owned = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-request-id']
const dropped = [
  'forwarded',
  'x-real-ip',
  'true-client-ip',
  'x-fluxlit-name',
  'x-auth-request-user',
  'x-envoy-a',
]
const hop = ['keep-alive', 'te', 'trailer', 'proxy-authorization', 'http2-settings']
const ordinary = ['x-custom', 'accept-language', 'user-agent']

const written: Arbitrary<string> = record({
  name: mixedCase(constantFrom(...owned, 'traceparent', ...dropped, ...hop, ...ordinary)),
  separator: constantFrom('-', '-', '-', '_', '.'),
  count: integer({ min: 1, max: 9 }),
}).map(({ name, separator, count }) => `${name.replaceAll('-', separator)}: evil-${count}`)
const nominating = constantFrom(...owned, ...ordinary, 'traceparent', 'via', 'close').map(
  (name) => `Connection: ${name}`,
)

test("whatever a client writes, the gateway's names at the worker hold what the gateway computed", () => {
  check(
    property(array(written, { maxLength: 12 }), array(nominating, { maxLength: 3 }), (lines, nominations) => {
      const sent = fields(['Host: a:8000', ...nominations, ...lines])
      const named = (name: string): string[] =>
        sent.filter((line) => line.slice(0, line.indexOf(':')).toLowerCase().replace(/[_.]/g, '-') === name)
      for (const name of owned) assert.equal(named(name).length, 1, name)
      for (const name of [...dropped, ...hop]) assert.deepEqual(named(name), [])
      assert.deepEqual(named('x-forwarded-for'), ['X-Forwarded-For: 203.0.113.1'])
      assert.deepEqual(named('x-forwarded-host'), ['X-Forwarded-Host: a:8000'])
      for (const line of sent)
        if (line.includes('evil')) assert.match(line, /^(x-custom|accept-l|user-a)[^_.:]*:/i)
    }),
    { numRuns: 2_000 },
  )
})
