/** Section 4.3 of the attack matrix in docs/security.md: bearer tokens. Numbers are those of the table. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { domainOf } from '../../../internal/auth/requirement.ts'
import { noRequirement } from '../../../internal/auth/rules.ts'
import { Secret } from '../../../internal/config/secret.ts'
import { bearerAuth, hmacToken, issuer, rule, Signer, unsigned, usualClaims } from '../../support/auth.ts'
import { assertionOf, codeOf, guarded, type Guarded } from '../../support/auth-front.ts'
import { field, type RawMessage } from '../../support/message.ts'

const now = (): number => Math.floor(Date.now() / 1_000)

/** Every token is refused with 401 and why, and none reaches the worker. */
async function refused(
  t: TestContext,
  tokens: (signer: Signer) => readonly string[],
  options: Parameters<typeof guarded>[1] = {},
): Promise<readonly RawMessage[]> {
  const { api, askAs, signer } = await guarded(t, options)
  const answers: RawMessage[] = []
  for (const token of tokens(signer)) {
    const answer = await askAs(token, 'GET /api/x')
    assert.deepEqual([answer.status, codeOf(answer)], [401, 'invalid_token'], token)
    assert.match(field(answer, 'WWW-Authenticate') ?? '', /^Bearer realm="test", error="invalid_token"/)
    answers.push(answer)
  }
  assert.equal(api.requests.length, 0)
  return answers
}

/** Status of the answer to each token. */
async function statuses({ askAs }: Guarded, tokens: readonly string[]): Promise<readonly number[]> {
  const found: number[] = []
  for (const token of tokens) found.push((await askAs(token, 'GET /api/x')).status)
  return found
}

test('attack 54: tokens without a signature are refused, however "none" is written', async (t) => {
  await refused(t, (signer) => [
    ...['none', 'None', 'nOnE', ''].map((alg) => `${unsigned(usualClaims(), { alg })}.`),
    ...['none', 'None', 'nOnE', ''].map((alg) => `${unsigned(usualClaims(), { alg })}.AAAA`),
    signer.token({}, { alg: 'none' }),
  ])
})

test('attack 55: a public key is no secret', async (t) => {
  await refused(t, (signer) => {
    const signed = unsigned(usualClaims(), { alg: 'HS256', kid: signer.kid })
    const secrets = [signer.pem, JSON.stringify(signer.jwk), String(signer.jwk['x'])]
    return secrets.map(
      (secret) => `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`,
    )
  })
})

test('attack 58: keys that a token brings along, or names an address of, are ignored', async (t) => {
  const evil = new Signer()
  await refused(t, () => [
    evil.token({}, { jwk: evil.jwk }),
    evil.token({}, { jku: 'http://127.0.0.1:9/keys' }),
    evil.token({}, { x5u: 'http://127.0.0.1:9/cert' }),
    evil.token({}, { x5c: ['AAAA'] }),
  ])
})

test('attack 59: a key id is compared and nothing else', async (t) => {
  await refused(t, (signer) =>
    ['../../etc/passwd', "' or 1=1 --", 'k'.repeat(300), '__proto__', ''].map((kid) =>
      signer.token({}, { kid }),
    ),
  )
  await refused(t, (signer) => [signer.token({}, { kid: 7 })])
  const { askAs, signer } = await guarded(t)
  assert.equal((await askAs(signer.token({}, { kid: 'k'.repeat(100_000) }), 'GET /api/x')).status, 431)
})

test('attack 60: strangers with unknown keys cause one fetch, and quick refusals', async (t) => {
  const { askAs, keys } = await guarded(t)
  const evil = new Signer('unknown')
  const before = Promise.all(Array.from({ length: 15 }, () => askAs(evil.token(), 'GET /api/x')))
  for (const answer of await before) assert.equal(answer.status, 401)
  // One at the start, and one look for the key that is not known.
  assert.ok(keys.asked() <= 2, String(keys.asked()))
})

test('attack 60: who fails too often waits, and a token that is right goes on', async (t) => {
  const opened = await guarded(t)
  const { askAs, signer } = opened
  const good = signer.token()
  assert.deepEqual(await statuses(opened, [good]), [200])
  const bad = Array.from({ length: 40 }, (_, index) => signer.token({ iss: `https://evil.test/${index}` }))
  const found = await statuses(opened, bad)
  assert.deepEqual([found[0], found.at(-1)], [401, 429])
  const late = await askAs(bad[0] ?? '', 'GET /api/x')
  assert.match(field(late, 'Retry-After') ?? '', /^[1-9]/)
  assert.deepEqual(await statuses(opened, [good]), [200])
})

test('attack 63: doubtful keys of a set are not used', async (t) => {
  const [twice, symmetric] = [new Signer('twice'), 'x'.repeat(32)]
  const opened = await guarded(t)
  opened.keys.answer = {
    status: 200,
    keys: [
      opened.signer.jwk,
      twice.jwk,
      { ...new Signer().jwk, kid: 'twice' },
      { ...new Signer('private').jwk, d: 'AAAA' },
      { kty: 'oct', kid: 'oct', k: Buffer.from(symmetric).toString('base64url') },
    ],
  }
  assert.deepEqual(await statuses(opened, [twice.token()]), [401])
})

test('attack 64: two keys may be published at once', async (t) => {
  const [before, after] = [new Signer('before'), new Signer('after')]
  const opened = await guarded(t, { auth: { jwt: { cooldownMs: 1 } } })
  opened.keys.answer = { status: 200, keys: [before.jwk, after.jwk] }
  assert.deepEqual(await statuses(opened, [before.token(), after.token()]), [200, 200])
})

test('attack 64: a token without a key id is for the only key there is, and for none of two', async (t) => {
  const [one, other] = [new Signer('one'), new Signer('other')]
  const alone = await guarded(t)
  assert.deepEqual(await statuses(alone, [alone.signer.token({}, { kid: undefined })]), [200])
  const both = await guarded(t, { auth: { jwt: { cooldownMs: 1 } } })
  both.keys.answer = { status: 200, keys: [one.jwk, other.jwk] }
  assert.deepEqual(await statuses(both, [one.token(), one.token({}, { kid: undefined })]), [200, 401])
})

test('attack 65: a token without an end is refused', async (t) => {
  const [answer] = await refused(t, (signer) => [signer.token({ exp: undefined })])
  assert.match(answer?.body ?? '', /does not say when it ends/)
})

test('attack 66: an end that is no time is refused', async (t) => {
  await refused(t, (signer) =>
    [`${now() + 300}`, 'NaN', null, true, [now() + 300], -1].map((exp) => signer.token({ exp })),
  )
})

test('attack 67: clocks may be apart as far as the leeway, not further', async (t) => {
  const opened = await guarded(t)
  const { signer } = opened
  const iat = now() - 600
  const tokens = [signer.token({ exp: now() - 10, iat }), signer.token({ exp: now() - 40, iat })]
  assert.deepEqual(await statuses(opened, tokens), [200, 401])
})

test('attack 68: a token from the future is refused', async (t) => {
  const opened = await guarded(t)
  const { signer } = opened
  const soon = now() + 10
  const late = now() + 120
  const tokens = [{ nbf: soon }, { nbf: late }, { iat: soon }, { iat: late }, { nbf: 'x' }, { iat: 'x' }]
  assert.deepEqual(
    await statuses(
      opened,
      tokens.map((claims) => signer.token(claims)),
    ),
    [200, 401, 200, 401, 401, 401],
  )
})

test('attack 68: a token that lives too long is refused', async (t) => {
  const opened = await guarded(t)
  const { signer } = opened
  const tokens = [{ exp: now() + 90_000 }, { exp: now() + 90_000, iat: undefined }, { exp: now() + 80_000 }]
  assert.deepEqual(
    await statuses(
      opened,
      tokens.map((claims) => signer.token(claims)),
    ),
    [401, 401, 200],
  )
})

test('attack 69: a token has to name us among those it is for', async (t) => {
  const opened = await guarded(t)
  const { signer } = opened
  const audiences = [
    ['other', 'fluxlit-api'],
    'other',
    undefined,
    [],
    ['fluxlit'],
    'FLUXLIT-API',
    { 0: 'fluxlit-api' },
  ]
  assert.deepEqual(
    await statuses(
      opened,
      audiences.map((aud) => signer.token({ aud })),
    ),
    [200, 401, 401, 401, 401, 401, 401],
  )
})

test('attack 70: the issuer is compared letter for letter', async (t) => {
  await refused(t, (signer) =>
    [`${issuer}/`, issuer.slice(0, -1), issuer.toUpperCase(), undefined, [issuer], `${issuer}.evil.test`].map(
      (iss) => signer.token({ iss }),
    ),
  )
})

test('attack 71: an ID token is no bearer', async (t) => {
  await refused(t, (signer) => [
    signer.token({ aud: 'my-client', nonce: 'n', at_hash: 'h' }),
    signer.token({ nonce: 'n', at_hash: 'h' }),
  ])
})

test('attack 71: where access tokens are demanded, a plain JWT is none', async (t) => {
  const opened = await guarded(t, { auth: { jwt: { tokenType: 'at+jwt' } } })
  const { signer } = opened
  const claims = { client_id: 'c', jti: 'j' }
  const tokens = [
    signer.token(claims, { typ: 'at+jwt' }),
    signer.token(claims, { typ: 'application/at+jwt' }),
    signer.token(claims, { typ: 'JWT' }),
    signer.token(claims),
    signer.token({ jti: 'j' }, { typ: 'at+jwt' }),
  ]
  assert.deepEqual(await statuses(opened, tokens), [200, 200, 401, 401, 401])
})

test('attack 72: our own assertion is no bearer', async (t) => {
  const { api, askAs, signer } = await guarded(t)
  await askAs(signer.token(), 'GET /api/x')
  const assertion = field(api.requests[0] ?? { fields: [] }, 'X-Fluxlit-Jwt-Assertion') ?? ''
  assert.equal(assertionOf(api.requests[0])['sub'], 'bob')
  assert.equal((await askAs(assertion, 'GET /api/x')).status, 401)
  await refused(t, (own) => [own.token({}, { typ: 'fluxlit-identity+jwt' })])
})

test('attack 73: a logout token is no bearer', async (t) => {
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  await refused(t, (signer) => [signer.token({ events }, { typ: 'logout+jwt' }), signer.token({ events })])
})

test('attack 74: encrypted and compressed tokens are refused at once', async (t) => {
  await refused(t, (signer) => [
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA',
    `${unsigned(usualClaims(), { alg: 'PBES2-HS256+A128KW', p2c: 2_000_000_000 })}.AAAA`,
    signer.token({}, { zip: 'DEF' }),
  ])
})

test('attack 75: extensions that are not understood are refused', async (t) => {
  await refused(t, (signer) => [
    signer.token({}, { crit: ['x'], x: 1 }),
    signer.token({}, { crit: [] }),
    signer.token({}, { b64: false, crit: ['b64'] }),
    signer.token({}, { b64: true }),
  ])
})

test('attack 76: what is no token is refused by its form', async (t) => {
  const { ask, api, signer } = await guarded(t)
  const good = signer.token()
  const values = [
    `Bearer ${'a'.repeat(9_000)}`,
    `Bearer  ${good}`,
    `Bearer ${good} x`,
    'Bearer',
    'Bearer ',
    `Bearer ${good}\u00e9`,
    `Bearer ${good}=`,
    `Bearer "${good}"`,
    'Bearer a.b.c',
  ]
  for (const value of values)
    assert.equal((await ask('GET /api/x', `Authorization: ${value}`)).status, 401, value)
  assert.equal((await ask('GET /api/x', `Authorization: bEARER ${good}`)).status, 200)
  assert.equal(api.requests.length, 1)
})

test('attack 77: a token in the address is not read', async (t) => {
  const { ask, askAs, signer, api, front } = await guarded(t)
  const answer = await ask(`GET /api/x?a=1&access_token=${signer.token()}`)
  assert.deepEqual([answer.status, codeOf(answer)], [400, 'token_in_query'])
  const both = await askAs(signer.token(), `GET /api/x?access_token=${signer.token()}`)
  assert.equal(both.status, 400)
  assert.equal(api.requests.length, 0)
  for (const record of await front.settled(2)) assert.equal(record.path, '/api/x')
})

test('attack 78: a bearer that means nothing opens nothing', async (t) => {
  await refused(t, () => ['x', 'a.b.c', hmacToken('x')])
})

test('attack 80: scopes are compared as whole words', async (t) => {
  const scoped = { rules: [rule('/api/**', { requires: { ...noRequirement, scopes: ['admin.write'] } })] }
  const opened = await guarded(t, { auth: scoped })
  const { signer } = opened
  const scopes = [
    'admin.writer',
    'xadmin.write',
    'a\tadmin.write',
    'ADMIN.WRITE',
    undefined,
    7,
    ['admin.write'],
    'a admin.write',
  ]
  assert.deepEqual(
    await statuses(
      opened,
      scopes.map((scope) => signer.token({ scope })),
    ),
    [403, 403, 403, 403, 403, 403, 200, 200],
  )
})

test('attack 81: an address with two at signs is in no domain', async (t) => {
  for (const email of [
    'attacker@evil.test@company.com',
    'a@company.com ',
    '"a@b"@company.com',
    '@company.com',
    'company.com',
  ])
    assert.equal(domainOf(email) === 'company.com', false, email)
  assert.equal(domainOf('Ann.O+x@Company.COM'), 'company.com')
  const rules = [rule('/api/**', { requires: { ...noRequirement, emailDomains: ['company.com'] } })]
  const opened = await guarded(t, { auth: { rules } })
  const { signer } = opened
  const emails = [
    'attacker@evil.test@company.com',
    'a@sub.company.com',
    'a@evilcompany.com',
    'ann@company.com',
  ]
  assert.deepEqual(
    await statuses(
      opened,
      emails.map((email) => signer.token({ email, email_verified: true })),
    ),
    [403, 403, 403, 200],
  )
})

test('attack 82: an address that is not verified counts for nothing', async (t) => {
  const rules = [rule('/api/**', { requires: { ...noRequirement, emails: ['ann@company.com'] } })]
  const opened = await guarded(t, { auth: { rules } })
  const { signer } = opened
  const said = [false, undefined, 'false', 1, true]
  assert.deepEqual(
    await statuses(
      opened,
      said.map((value) => signer.token({ email: 'ann@company.com', email_verified: value })),
    ),
    [403, 403, 403, 403, 200],
  )
  const trusting = await guarded(t, { auth: { rules, jwt: { trustUnverifiedEmail: true } } })
  assert.deepEqual(
    await statuses(
      trusting,
      said.map((value) => trusting.signer.token({ email: 'ann@company.com', email_verified: value })),
    ),
    [403, 200, 403, 403, 200],
  )
})

test('attack 83: a rule for groups turns away whoever has none', async (t) => {
  const rules = [rule('/api/**', { requires: { ...noRequirement, groups: ['finance'] } })]
  const opened = await guarded(t, { auth: { rules } })
  const { signer } = opened
  const groups = [undefined, [], '', 'finances', ['Finance'], { finance: true }, ['finance'], 'finance']
  assert.deepEqual(
    await statuses(
      opened,
      groups.map((value) => signer.token({ groups: value })),
    ),
    [403, 403, 403, 403, 403, 403, 200, 200],
  )
})

test('a secret shared with the issuer signs, and no public key does', async (t) => {
  const secret = 'a secret of more than thirty-two bytes'
  const auth = bearerAuth({ kind: 'secret', secret: new Secret(secret) })
  const [only] = auth.jwt?.issuers ?? []
  assert(only !== undefined && auth.jwt !== null)
  const opened = await guarded(t, {
    front: { auth: { ...auth, jwt: { ...auth.jwt, issuers: [{ ...only, algorithms: ['HS256'] }] } } },
  })
  assert.deepEqual(
    await statuses(opened, [hmacToken(secret), hmacToken('x'), opened.signer.token()]),
    [200, 401, 401],
  )
})

test('a token is looked at once, and again when a minute has passed', async (t) => {
  const opened = await guarded(t)
  const token = opened.signer.token()
  assert.deepEqual(await statuses(opened, [token, token, token]), [200, 200, 200])
  const ids = opened.api.requests.map((request) => assertionOf(request)['jti'])
  assert.equal(new Set(ids).size, 1)
})

test('over one connection everybody is who their own token says', async (t) => {
  const { front, signer, api } = await guarded(t)
  const client = await front.connect()
  const [ann, bob] = [signer.token({ sub: 'ann' }), signer.token({ sub: 'bob' })]
  for (const token of [ann, ann, bob, ann, bob, bob, 'x']) {
    const answer = client
      .send(`GET /api/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`)
      .answer()
    assert.equal((await answer).status, token === 'x' ? 401 : 200)
  }
  assert.deepEqual(
    api.requests.map((request) => assertionOf(request)['sub']),
    ['ann', 'ann', 'bob', 'ann', 'bob', 'bob'],
  )
})
