/** Section 4.1 of the attack matrix in docs/security.md: headers and paths. Numbers are those of the table. */

import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'

import { noRequirement } from '../../../internal/auth/rules.ts'
import { rule } from '../../support/auth.ts'
import { assertionOf, codeOf, guarded, told } from '../../support/auth-front.ts'
import { json } from '../../support/http.ts'
import { field } from '../../support/message.ts'

const admin = { ...noRequirement, roles: ['admin'] }

test('attack 1: an identity header of a client is replaced by who the client is', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  const answer = await askAs(signer.token(), 'GET /api/x', 'X-Forwarded-User: admin')
  assert.equal(answer.status, 200)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['bob'])
})

test('attack 2: the same header twice, or in another case, is one value', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  const lines = ['X-Forwarded-User: admin', 'x-forwarded-user: root', 'X-FORWARDED-USER: system']
  await askAs(signer.token(), 'GET /api/x', ...lines)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['bob'])
})

test('attack 3: an identity header with underscores never reaches a worker, also where nobody is asked', async (t) => {
  const { api, ui, askAs, signer } = await guarded(t)
  const lines = [
    'X_Forwarded_User: admin',
    'x_fluxlit_jwt_assertion: x',
    'X-Forwarded_Email: a@b',
    'X.Forwarded.User: a',
  ]
  await askAs(signer.token(), 'GET /api/x', ...lines)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['bob'])
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-Email'), [])
  const open = await guarded(t, { front: { auth: undefined } })
  await open.ask('GET /page', ...lines, 'X-Forwarded-User: admin', 'X-Fluxlit-Name: admin')
  for (const name of ['X-Forwarded-User', 'X-Fluxlit-Jwt-Assertion', 'X-Forwarded-Email', 'X-Fluxlit-Name'])
    assert.deepEqual(told(open.ui.requests[0], name), [], name)
  assert.equal(ui.requests.length, 0)
})

test('attack 4: groups of a client do not stand in for those a user does not have', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  await askAs(
    signer.token(),
    'GET /api/x',
    'X-Forwarded-Groups: admins',
    'X-Forwarded-Email: boss@example.com',
  )
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-Groups'), [])
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-Email'), [])
})

test('attack 5: Connection cannot take an identity header away', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  await askAs(signer.token(), 'GET /api/x', 'Connection: close, X-Forwarded-User')
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['bob'])
})

test('attack 6: nor the assertion, on a handshake', async (t) => {
  const { api, ask, signer } = await guarded(t)
  const lines = [
    `Authorization: Bearer ${signer.token()}`,
    'Connection: Upgrade, X-Fluxlit-Jwt-Assertion',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  await ask('GET /api/ws', ...lines)
  assert.equal(assertionOf(api.requests[0])['sub'], 'bob')
})

test('attack 7: X-Forwarded-Uri does not change which rule holds', async (t) => {
  const rules = [rule('/healthz', { allow: 'public' })]
  const { ask, askAs, signer } = await guarded(t, {
    auth: { rules: [...rules, rule('/api/admin', { requires: admin })] },
  })
  assert.equal((await ask('GET /api/admin', 'X-Forwarded-Uri: /healthz')).status, 401)
  assert.equal((await askAs(signer.token(), 'GET /api/admin', 'X-Forwarded-Uri: /healthz')).status, 403)
})

test('attack 8: nor do X-Original-URL and X-Rewrite-URL', async (t) => {
  const { ask, api } = await guarded(t, { auth: { rules: [rule('/public/**', { allow: 'public' })] } })
  const lines = ['X-Original-URL: /public/x', 'X-Rewrite-URL: /public/x']
  assert.equal((await ask('GET /api/admin', ...lines)).status, 401)
  assert.equal(api.requests.length, 0)
})

test('attack 9: a query is no part of a rule', async (t) => {
  const { ask, askAs, api, signer } = await guarded(t, {
    auth: { rules: [rule('/api/public/**', { allow: 'public' })] },
  })
  assert.equal((await ask('GET /api/private?path=/api/public/x')).status, 401)
  assert.equal((await ask('GET /api/public/x?a')).status, 200)
  assert.equal((await askAs(signer.token(), 'GET /api/private')).status, 200)
  assert.deepEqual(
    api.requests.map(({ start }) => start),
    ['GET /public/x?a HTTP/1.1', 'GET /private HTTP/1.1'],
  )
})

test('attack 10: a fragment in the target is refused', async (t) => {
  const { ask } = await guarded(t, { auth: { rules: [rule('/api/public', { allow: 'public' })] } })
  assert.equal((await ask('GET /api/private#/api/public')).status, 400)
  // As a part of the path it is a letter like others, and the path is another one.
  assert.equal((await ask('GET /api/private%23/api/public')).status, 401)
})

test('attack 11: nobody is let in for the name of a health check', async (t) => {
  const { ask } = await guarded(t)
  assert.equal((await ask('GET /api/x', 'User-Agent: kube-probe/1.0')).status, 401)
  assert.equal((await ask('GET /api/x', 'User-Agent: GoogleHC/1.0')).status, 401)
})

test('attack 12: dot segments are refused, written plainly or encoded', async (t) => {
  const { ask } = await guarded(t, { auth: { rules: [rule('/api/public/**', { allow: 'public' })] } })
  for (const path of ['/api/public/../admin', '/api/public/%2e%2e/admin', '/api/public/.%2e/admin'])
    assert.equal((await ask(`GET ${path}`)).status, 400, path)
})

test('attack 13: encoded slashes that lead elsewhere are refused', async (t) => {
  const { ask, api, ui } = await guarded(t, { auth: { default: 'public' } })
  assert.equal((await ask('GET /api%2fadmin')).status, 400)
  assert.equal((await ask('GET /api%5cadmin')).status, 400)
  assert.equal(api.requests.length + ui.requests.length, 0)
})

test('attack 13: also where both readings lead to one worker but under two rules', async (t) => {
  const rules = [
    rule('/api/files/secret/**', { requires: admin }),
    rule('/api/files/**', { allow: 'public' }),
  ]
  const { ask } = await guarded(t, { auth: { rules } })
  assert.equal((await ask('GET /api/files/secret%2fx')).status, 400)
  assert.equal((await ask('GET /api/files//secret/x')).status, 400)
  assert.equal((await ask('GET /api/files/a%2fb')).status, 200)
})

test('attack 14: doubled slashes that lead elsewhere are refused', async (t) => {
  const { ask } = await guarded(t, {
    auth: { rules: [rule('/api/admin', { allow: 'deny' })], default: 'public' },
  })
  assert.equal((await ask('GET //api/admin')).status, 400)
  assert.equal((await ask('GET /api//admin')).status, 400)
})

test('attack 15: paths are compared letter for letter', async (t) => {
  const { ask, api } = await guarded(t, { auth: { rules: [rule('/api/**', { allow: 'public' })] } })
  assert.equal((await ask('GET /API/admin')).status, 401)
  assert.equal(api.requests.length, 0)
})

test("attack 16: the gateway's own prefix is no tunnel", async (t) => {
  const { ask } = await guarded(t)
  for (const path of [
    '/__fluxlit/../api/admin',
    '/__fluxlit/%2e%2e/api/admin',
    '/oauth2/../api/admin',
    '/oauth2/%2e%2e/',
  ])
    assert.equal((await ask(`GET ${path}`)).status, 400, path)
})

test('attack 17: a client names no other address for itself', async (t) => {
  const { api, askAs, signer, front } = await guarded(t)
  await askAs(signer.token(), 'GET /api/x', 'X-Forwarded-For: 10.0.0.1', 'X-Real-IP: 10.0.0.1')
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-For'), ['127.0.0.1'])
  assert.equal((await front.settled(1))[0]?.client, '127.0.0.1')
})

test('attack 23: two Authorization lines are refused', async (t) => {
  const { askAs, signer, api } = await guarded(t)
  const answer = await askAs(signer.token(), 'GET /api/x', 'authorization: Bearer b')
  assert.equal(answer.status, 400)
  assert.equal(api.requests.length, 0)
})

test('attack 25: X-Forwarded-Host of a stranger is ignored', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  await askAs(signer.token(), 'GET /api/x', 'X-Forwarded-Host: evil.test')
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-Host'), ['a'])
  assert.deepEqual(told(api.requests[0], 'Host'), ['a'])
})

test('attack 26: a name with a line break or letters beyond ASCII is one header, percent-encoded', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  const name = 'Łukasz\r\nX-Forwarded-Groups: admin'
  const token = signer.token({ name, preferred_username: ' 100% ', groups: ['a,b', 'ü'] })
  assert.equal((await askAs(token, 'GET /api/x')).status, 200)
  const [request] = api.requests
  assert.deepEqual(told(request, 'X-Fluxlit-Name'), ['%C5%81ukasz%0D%0AX-Forwarded-Groups: admin'])
  assert.deepEqual(told(request, 'X-Forwarded-Preferred-Username'), ['%20100%25%20'])
  assert.deepEqual(told(request, 'X-Forwarded-Groups'), ['a%2Cb,%C3%BC'])
  assert.deepEqual(assertionOf(request)['name'], name)
  assert.deepEqual(assertionOf(request)['groups'], ['a,b', 'ü'])
})

test('attack 27: too many groups are left out, the assertion says so, and the request works', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  const groups = Array.from({ length: 300 }, (_, index) => `department-${index}`)
  assert.equal((await askAs(signer.token({ groups }), 'GET /api/x')).status, 200)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-Groups'), [])
  assert.deepEqual(assertionOf(api.requests[0])['groups_truncated'], true)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['bob'])
})

test("attack 28: the header from which Streamlit once read its user is the client's no longer", async (t) => {
  const { ui, askAs, signer } = await guarded(t)
  const user = Buffer.from('{"email":"admin@example.com"}').toString('base64')
  await askAs(signer.token(), 'GET /page', `x-streamlit-user: ${user}`)
  assert.deepEqual(told(ui.requests[0], 'X-Streamlit-User'), [])
})

test('attack 30: the assertion is signed by the key whose public half workers are given', async (t) => {
  const { api, askAs, signer, front } = await guarded(t)
  await askAs(
    signer.token({ scope: 'a b', roles: ['r'], email: 'bob@example.com', email_verified: true }),
    'GET /api/x',
  )
  const text = field(api.requests[0] ?? { fields: [] }, 'X-Fluxlit-Jwt-Assertion') ?? ''
  const [header = '', payload = '', signature = ''] = text.split('.')
  const { keys } = json<{ keys: readonly Record<string, string>[] }>(front.jwks)
  const [key = {}] = keys
  assert.equal(key['d'], undefined)
  const isRight = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  assert.equal(isRight, true)
  const { iat, exp, jti, ...claims } = assertionOf(api.requests[0])
  assert.deepEqual(claims, {
    iss: 'test',
    aud: 'fluxlit-worker',
    sub: 'bob',
    email: 'bob@example.com',
    groups: [],
    roles: ['r'],
    scope: 'a b',
    via: 'jwt',
  })
  assert.equal(Number(exp) - Number(iat), 300)
  assert.match(String(jti), /^[0-9a-f-]{36}$/)
})

test('a refusal tells a program what it lacks, and nothing of who else may', async (t) => {
  const { ask, askAs, signer } = await guarded(t, {
    auth: {
      rules: [
        rule('/api/w', { requires: { ...noRequirement, scopes: ['w'] } }),
        rule('/api/r', { requires: admin }),
      ],
    },
  })
  const nobody = await ask('GET /api/w')
  assert.deepEqual([nobody.status, field(nobody, 'WWW-Authenticate')], [401, 'Bearer realm="test"'])
  const narrow = await askAs(signer.token({ scope: 'r' }), 'GET /api/w')
  assert.equal(field(narrow, 'WWW-Authenticate'), 'Bearer error="insufficient_scope", scope="w"')
  assert.deepEqual([narrow.status, codeOf(narrow)], [403, 'insufficient_scope'])
  const other = await askAs(signer.token(), 'GET /api/r')
  assert.deepEqual([other.status, codeOf(other)], [403, 'forbidden'])
  assert.equal(other.body.includes('admin'), false)
  assert.equal(field(other, 'Cache-Control'), 'no-store')
})
