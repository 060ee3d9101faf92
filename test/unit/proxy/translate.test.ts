import assert from 'node:assert/strict'
import { test } from 'node:test'

import { UpstreamError, type UpstreamErrorKind } from '../../../internal/http1/client-connection.ts'
import { translateUpstreamError, wasNeverSent } from '../../../internal/proxy/translate.ts'

const cases: Readonly<Record<UpstreamErrorKind, readonly [code: string, neverSent: boolean]>> = {
  refused: ['worker_down', true],
  'connect-timeout': ['upstream_timeout', true],
  'head-timeout': ['upstream_timeout', false],
  'idle-timeout': ['upstream_timeout', false],
  invalid: ['upstream_invalid', false],
  closed: ['upstream_failed', false],
  truncated: ['upstream_truncated', false],
}

for (const [kind, [code, neverSent]] of Object.entries(cases)) {
  test(`${kind} is ${code}, and ${neverSent ? 'nothing' : 'something'} may have been sent`, () => {
    // eslint-disable-next-line typescript/no-unsafe-type-assertion
    const error = new UpstreamError(kind as UpstreamErrorKind, 'x')
    const reason = translateUpstreamError(error)
    assert.deepEqual([reason.code, reason.cause], [code, error])
    assert.equal(wasNeverSent(error), neverSent)
  })
}

test('a worker that is down should be asked again soon, and other errors say nothing about sending', () => {
  assert.equal(translateUpstreamError(new UpstreamError('refused', 'x')).retryAfterS, 2)
  assert.ok(!wasNeverSent(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })))
})
