/** `[auth.headers] upstream_authorization`: what APIs get in the place of what the gateway was shown, and pages never. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'

import { jwtVerify } from 'jose'

import type { Identity } from '../../../internal/auth/identity.ts'
import { compileFirstParty } from '../../../internal/auth/first-party.ts'
import { identityOf } from '../../../internal/auth/identity.ts'
import { compilePassages } from '../../../internal/auth/passage.ts'
import type { IdentityHeaders } from '../../../internal/config/auth-types.ts'
import type { RoutedWorker } from '../../../internal/config/config.ts'
import { Secret } from '../../../internal/config/secret.ts'
import { accessTo } from '../../support/access.ts'
import { bearerAuth, hmacToken } from '../../support/auth.ts'
import { guarded } from '../../support/auth-front.ts'
import { json } from '../../support/http.ts'

const secret = 'the secret of application and gateway'
const tokens = { secret: new Secret(secret), issuer: 'fluxlit-bff', audience: 'fluxlit-app' }
const ann = identityOf({
  via: 'oidc',
  subject: 'ann',
  email: 'ann@example.com',
  name: 'Łukasz',
  roles: ['admin'],
  groups: ['finance', 'Büro'],
})

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return json(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

test('the token says who asks, as applications of the package expect it', async () => {
  const make = compileFirstParty(tokens, { maxGroupsBytes: 4096, now: Date.now })
  const { payload, protectedHeader } = await jwtVerify(make(ann), Buffer.from(secret), {
    issuer: 'fluxlit-bff',
    audience: 'fluxlit-app',
    algorithms: ['HS256'],
  })
  const { iat = 0, exp = 0, ...said } = payload
  assert.deepEqual(protectedHeader, { alg: 'HS256', typ: 'JWT' })
  assert.equal(exp - iat, 300)
  assert.deepEqual(said, {
    sub: 'ann',
    iss: 'fluxlit-bff',
    aud: 'fluxlit-app',
    email: 'ann@example.com',
    name: 'Łukasz',
    groups: ['finance', 'Büro'],
    roles: ['admin'],
  })
  const scoped = make(identityOf({ via: 'jwt', subject: 'job', scopes: ['read', 'write'] }))
  assert.equal(claimsOf(scoped)['scope'], 'read write')
})

test('one is sent again while it holds for another minute, and never to somebody else', () => {
  let now = 1_000_000
  const make = compileFirstParty(tokens, { maxGroupsBytes: 4096, now: () => now })
  const first = make(ann)
  now += 239_000
  assert.equal(make(ann), first)
  assert.notEqual(make({ ...ann, subject: 'eve' }), first)
  now += 1_000
  const second = make(ann)
  assert.notEqual(second, first)
  assert.equal(claimsOf(second)['exp'], now / 1_000 + 300)
  // A clock that was set back must not leave one that has run out.
  now -= 600_000
  assert.notEqual(make(ann), second)
})

test('no token holds longer than what the person signed in with, and none is too long for a header', () => {
  const make = compileFirstParty(tokens, { maxGroupsBytes: 100, now: () => 1_000_000 })
  assert.equal(claimsOf(make({ ...ann, expiresAt: 1_030_000 }))['exp'], 1_030)
  const groups = Array.from({ length: 50 }, (_, index) => `group ${index}`)
  assert.deepEqual(claimsOf(make({ ...ann, groups }))['groups'], [])
})

/** What a worker of this kind gets as Authorization of somebody. */
function given(
  changes: Partial<IdentityHeaders>,
  identity: Identity,
  worker: RoutedWorker['kind'],
  websocket = false,
): string | null {
  const headers = { ...bearerAuth({ kind: 'discovery' }).headers, ...changes }
  const passages = compilePassages({
    headers,
    isOwnCookie: null,
    assertion: null,
    firstParty: ({ subject }) => `token-of-${subject}`,
    handleFor: () => '',
  })
  const request = accessTo({ target: '/api/x', worker, websocket, lines: ['Authorization: Scheme value'] })
  return passages.of(request, identity, '').authorization
}

test('APIs get it, and no page that could print it', () => {
  const withToken = { ...ann, accessToken: 'of-the-provider' }
  const wanted = [
    ['first_party', 'Bearer token-of-ann'],
    ['access_token', 'Bearer of-the-provider'],
    ['strip', null],
  ] as const
  for (const [upstreamAuthorization, token] of wanted)
    for (const via of ['oidc', 'basic', 'handle'] as const) {
      const who = { ...withToken, via }
      const sent = (worker: RoutedWorker['kind'], websocket = false): string | null =>
        given({ upstreamAuthorization }, who, worker, websocket)
      assert.deepEqual([sent('uvicorn'), sent('uvicorn', true), sent('http')], [token, token, token])
      assert.deepEqual([sent('streamlit'), sent('streamlit', true)], [null, null])
    }
})

test('a bearer that a program sends is passed on in its place, unless bearers are not', () => {
  const program = identityOf({ via: 'jwt', subject: 'job' })
  const page = identityOf({ via: 'handle', subject: 'job', bearer: 'Bearer of-the-page' })
  const on = { upstreamAuthorization: 'first_party' } as const
  assert.equal(given(on, program, 'uvicorn'), 'Scheme value')
  assert.equal(given(on, page, 'uvicorn'), 'Bearer of-the-page')
  const off = { ...on, forwardAuthorization: false }
  assert.equal(given(off, program, 'uvicorn'), 'Bearer token-of-job')
  assert.equal(given(off, page, 'uvicorn'), 'Bearer token-of-job')
})

test('where a proxy in front signs people in, the field is its own until there is something better', () => {
  const carol = identityOf({ via: 'proxy', subject: 'carol' })
  assert.equal(given({ upstreamAuthorization: 'strip' }, carol, 'uvicorn'), 'Scheme value')
  assert.equal(given({ upstreamAuthorization: 'first_party' }, carol, 'uvicorn'), 'Bearer token-of-carol')
  assert.equal(given({ upstreamAuthorization: 'first_party' }, carol, 'streamlit'), 'Scheme value')
})

test('attack 72: the token is no bearer for the gateway, also when an application hands it out', async (t) => {
  const { api, askAs } = await guarded(t)
  const make = compileFirstParty(tokens, { maxGroupsBytes: 4096, now: Date.now })
  assert.equal((await askAs(make(ann), 'GET /api/x')).status, 401)
  const own = hmacToken(secret, { iss: 'fluxlit-bff', aud: 'fluxlit-app' })
  assert.equal((await askAs(own, 'GET /api/x')).status, 401)
  assert.equal(api.requests.length, 0)
})

test('the signature is that of the secret, whatever its letters', () => {
  const make = compileFirstParty(
    { ...tokens, secret: new Secret('ä'.repeat(16)) },
    { maxGroupsBytes: 4096, now: Date.now },
  )
  const [header = '', payload = '', signature] = make(ann).split('.')
  const right = createHmac('sha256', Buffer.from('ä'.repeat(16), 'utf8')).update(`${header}.${payload}`)
  assert.equal(signature, right.digest('base64url'))
})
