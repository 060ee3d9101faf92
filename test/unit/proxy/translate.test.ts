import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { translateUpstreamError, wasNeverSent } from '../../../internal/proxy/translate.ts'

const coded = (code: string): Error => Object.assign(new Error('x'), { code })
const named = (name: string, message = 'x'): Error => Object.assign(new Error(message), { name })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const cases: readonly (readonly [unknown, string])[] = [
  [coded('ECONNREFUSED'), 'worker_down'],
  [coded('ENOENT'), 'worker_down'],
  [coded('UND_ERR_DESTROYED'), 'worker_down'],
  [coded('UND_ERR_CLOSED'), 'worker_down'],
  [coded('UND_ERR_CONNECT_TIMEOUT'), 'upstream_timeout'],
  [coded('UND_ERR_HEADERS_TIMEOUT'), 'upstream_timeout'],
  [coded('UND_ERR_BODY_TIMEOUT'), 'upstream_timeout'],
  [coded('UND_ERR_HEADERS_OVERFLOW'), 'upstream_invalid'],
  [coded('HPE_INVALID_CONSTANT'), 'upstream_invalid'],
  [named('HTTPParserError'), 'upstream_invalid'],
  [named('AssertionError'), 'upstream_invalid'],
  [named('SocketError', 'bad response'), 'upstream_invalid'],
  [coded('ECONNRESET'), 'upstream_failed'],
  [coded('UND_ERR_SOCKET'), 'upstream_failed'],
  ['a string', 'upstream_failed'],
  [undefined, 'upstream_failed'],
]

for (const [error, code] of cases) {
  test(`${inspect(error, { depth: 0 }).split('\n', 1)[0]} ${codeOf(error)} is ${code}`, () => {
    const reason = translateUpstreamError(error)
    assert.equal(reason.code, code)
    assert.equal(reason.cause, error)
  })
}

test('a worker that is down should be asked again soon', () => {
  assert.equal(translateUpstreamError(coded('ECONNREFUSED')).retryAfterS, 2)
})

test('only errors of connecting say that nothing was sent', () => {
  for (const code of ['ECONNREFUSED', 'ENOENT', 'UND_ERR_CONNECT_TIMEOUT'])
    assert.ok(wasNeverSent(coded(code)), code)
  for (const error of [coded('ECONNRESET'), coded('UND_ERR_SOCKET'), null]) assert.ok(!wasNeverSent(error))
})
