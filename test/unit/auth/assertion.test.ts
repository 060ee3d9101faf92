import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AssertionKey, compileAssertion } from '../../../internal/auth/assertion.ts'
import { identityOf, type Identity } from '../../../internal/auth/identity.ts'
import { json } from '../../support/http.ts'

const now = 1_000_000_000
const sign = compileAssertion(AssertionKey.of(null), {
  issuer: 'app',
  ttlMs: 300_000,
  maxGroupsBytes: 4096,
  now: () => now,
})

/** How long the assertion of somebody holds, in seconds. */
function lifetime(identity: Identity, upgrade: boolean): number {
  const [, claims = ''] = sign(identity, upgrade).split('.')
  const { iat, exp } = json<{ iat: number; exp: number }>(Buffer.from(claims, 'base64url').toString('utf8'))
  return exp - iat
}

test('the assertion of a request holds for minutes, that of a socket as long as the socket', () => {
  const session = identityOf({ via: 'oidc', subject: 'ann', expiresAt: now + 7_200_000 })
  const password = identityOf({ via: 'basic', subject: 'ann' })
  assert.deepEqual([lifetime(session, false), lifetime(password, false)], [300, 300])
  assert.equal(lifetime(session, true), 7_200)
  // A page that stays open for a week still knows who looks at it.
  assert.ok(lifetime(password, true) > 7 * 86_400)
})
