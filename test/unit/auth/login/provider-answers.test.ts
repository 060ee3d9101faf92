import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { exportJWK, SignJWT } from 'jose'

import type { OidcConfig } from '../../../../internal/config/login-types.ts'
import { eventually } from '../../../support/eventually.ts'
import { LoginDesk, type LoginUnderTest, type Visited } from '../../../support/login-desk.ts'
import { OddProvider } from '../../../support/odd-provider.ts'

async function opened(t: TestContext, given: LoginUnderTest = {}) {
  const provider = await OddProvider.start(t)
  return { provider, desk: LoginDesk.open(t, provider, given) }
}

async function outcome(
  t: TestContext,
  oidc: Partial<OidcConfig>,
  claims: Record<string, unknown>,
): Promise<number> {
  const { provider, desk } = await opened(t, { oidc })
  provider.claims = { ...provider.claims, ...claims }
  return (await desk.visitor().signIn()).status
}

function codeOf(back: string): string {
  return new URLSearchParams(back.split('?')[1]).get('code') ?? ''
}

test('what a provider must not get through with', async (t) => {
  const { provider, desk } = await opened(t)
  const refused = async (status = 403): Promise<Visited> => {
    const visitor = desk.visitor()
    const done = await visitor.signIn()
    provider.behave()
    assert.equal(done.status, status, done.body)
    assert.equal(await visitor.subject(), 'none')
    assert.equal(done.location, '')
    return done
  }
  const cases: Readonly<Record<string, (odd: OddProvider['odd']) => void>> = {
    'attack 46: the name of another provider in the callback': (odd) =>
      (odd.callback = { iss: 'https://other.example' }),
    'attack 47: no name although it promises one': (odd) => (odd.callback = { iss: null }),
    'attack 48: another nonce': (odd) => (odd.idToken = { nonce: 'x'.repeat(43) }),
    'attack 48: no nonce': (odd) => (odd.idToken = { nonce: undefined }),
    'an ID token for another client': (odd) => (odd.idToken = { aud: 'somebody-else' }),
    'an ID token without audience': (odd) => (odd.idToken = { aud: undefined }),
    'an ID token of another issuer': (odd) => (odd.idToken = { iss: 'https://other.example' }),
    'attack 70: an issuer that differs by a slash': (odd) => (odd.idToken = { iss: `${provider.issuer}/` }),
    'an ID token about nobody': (odd) => (odd.idToken = { sub: undefined }),
    'an ID token without time': (odd) => (odd.idToken = { iat: undefined }),
    'attack 65: an ID token without end': (odd) => (odd.idToken = { exp: undefined }),
    'an ID token that is over': (odd) => (odd.idToken = { exp: Math.floor(Date.now() / 1000) - 600 }),
    'attack 54: an ID token without signature': (odd) => (odd.header = { alg: 'none' }),
    'a signature that does not fit': (odd) => (odd.wholeIdToken = (good) => `${good.slice(0, -8)}AAAAAAAA`),
    'attack 58: a key it brings along': (odd) =>
      (odd.wholeIdToken = async (good) => {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
        const claims: Record<string, unknown> = JSON.parse(
          String(Buffer.from(good.split('.')[1] ?? '', 'base64url')),
        )
        const header = {
          alg: 'RS256',
          kid: 'one',
          jwk: await exportJWK(publicKey),
          jku: 'http://127.0.0.1:1/',
        }
        return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
      }),
    'attack 55: a signature made with the public key as a secret': (odd) =>
      (odd.wholeIdToken = (good) => {
        const claims: Record<string, unknown> = JSON.parse(
          String(Buffer.from(good.split('.')[1] ?? '', 'base64url')),
        )
        const secret = Buffer.from(provider.keys.publicKey.export({ type: 'spki', format: 'pem' }))
        return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret)
      }),
    'attack 59: a kid that looks like a path': (odd) => (odd.header = { kid: '../../etc/passwd' }),
    'no ID token': (odd) => (odd.tokens = { id_token: undefined }),
    'userinfo about somebody else': (odd) => {
      odd.idToken = { email: undefined }
      odd.userinfo = { sub: 'mallory' }
    },
  }
  for (const [name, turn] of Object.entries(cases)) {
    await t.test(name, async () => {
      turn(provider.odd)
      await refused()
    })
  }

  await t.test('attack 49: a code with another verifier', async () => {
    const [one, two] = [desk.visitor(), desk.visitor()]
    const foreign = codeOf(await two.comeBack())
    const back = await one.comeBack()
    const done = await one.ask(back.replace(codeOf(back), foreign))
    assert.equal(done.status, 403)
    assert.equal(await one.subject(), 'none')
  })

  await t.test('attack 50: what it says about an error is text and nothing else', async () => {
    provider.odd.callback = {
      code: null,
      error: 'access_denied',
      error_description: '<script>alert(1)</script>',
    }
    const done = await refused()
    assert.ok(!done.body.includes('<script>'))
    assert.match(done.body, /&#60;script&#62;alert/)
    provider.odd.callback = { code: null, error: '"><script>', error_description: 'x'.repeat(5000) }
    const other = await refused(400)
    assert.ok(!other.body.includes('"><script>'))
    assert.ok(other.body.length < 6000)
  })
})

test('attack 133: a discovery document that is not the issuer’s, or names plain http, is none', async (t) => {
  for (const metadata of [
    { issuer: 'https://other.example' },
    { token_endpoint: undefined },
    { authorization_endpoint: 'javascript:alert(1)' },
  ]) {
    const provider = await OddProvider.start(t)
    provider.odd.metadata = metadata
    const answer = await LoginDesk.open(t, provider).visitor().ask('/oauth2/start')
    assert.equal(answer.status, 503, JSON.stringify(metadata))
  }
})

test('who may sign in', async (t) => {
  const company = { allowedEmailDomains: ['company.com'] }

  await t.test('people of the domain, whatever its case', async (s) => {
    assert.equal(await outcome(s, company, { email: 'a@Company.COM' }), 303)
    assert.equal(await outcome(s, company, { email: 'a@other.com' }), 403)
    assert.equal(await outcome(s, company, { email: 'a@sub.company.com' }), 403)
  })

  await t.test('attack 81: an address with two @ is of no domain', async (s) => {
    assert.equal(await outcome(s, company, { email: 'attacker@evil.test@company.com' }), 403)
    assert.equal(await outcome(s, company, { email: '"a@company.com"@evil.test' }), 403)
  })

  await t.test('attack 82: an address that is not verified does not count', async (s) => {
    assert.equal(await outcome(s, company, { email: 'a@company.com', email_verified: false }), 403)
    assert.equal(await outcome(s, company, { email: 'a@company.com', email_verified: undefined }), 403)
    const trusting = { ...company, trustUnverifiedEmail: true }
    assert.equal(await outcome(s, trusting, { email: 'a@company.com', email_verified: undefined }), 303)
    assert.equal(await outcome(s, trusting, { email: 'a@company.com', email_verified: false }), 403)
  })

  await t.test(
    'attack 83: with a group that is asked for and a provider that tells none, nobody',
    async (s) => {
      const group = { allowedGroups: ['finance'] }
      assert.equal(await outcome(s, group, { groups: ['finance', 'x'] }), 303)
      assert.equal(await outcome(s, group, { groups: ['finances'] }), 403)
      assert.equal(await outcome(s, group, { groups: undefined }), 403)
    },
  )

  await t.test('is told what is wrong, with another account to try, and not sent in circles', async (s) => {
    const { desk, provider } = await opened(s, { oidc: company })
    const done = await desk.visitor().signIn()
    assert.match(done.body, /Use another account/)
    assert.match(done.body, /email_domain/)
    const again = await desk.visitor().ask('/oauth2/start?switch=1')
    assert.equal(new URL(again.location).searchParams.get('prompt'), 'select_account')
    await eventually('its tokens are revoked', () => provider.revoked.length === 1)
  })

  await t.test('of Google a private account with an address of the company may not', async (s) => {
    const google = { ...company, preset: 'google' as const }
    assert.equal(await outcome(s, google, { email: 'a@company.com' }), 403)
    assert.equal(await outcome(s, google, { email: 'a@company.com', hd: 'company.com' }), 303)
  })
})

test('Entra, with more groups than fit', async (t) => {
  const overage = { _claim_names: { groups: 'src1' }, groups: undefined }
  const entra = { preset: 'entra' as const, allowedGroups: ['finance'] }

  await t.test('lets nobody in by a group it does not tell', async (s) => {
    const { provider, desk } = await opened(s, { oidc: entra })
    provider.claims = { ...provider.claims, ...overage }
    const done = await desk.visitor().signIn()
    assert.equal(done.status, 403)
    assert.match(done.body, /groups_overage/)
  })
})

test('Keycloak’s roles come from the access token, and its groups without their slash', async (t) => {
  const { provider, desk } = await opened(t, {
    oidc: { preset: 'keycloak', rolesClaim: 'realm_access.roles' },
  })
  const payload = Buffer.from(JSON.stringify({ realm_access: { roles: ['admin'] } })).toString('base64url')
  provider.odd.tokens = { access_token: `e30.${payload}.x` }
  provider.claims = { ...provider.claims, groups: ['/finance/audit'] }
  const visitor = desk.visitor()
  await visitor.signIn()
  const credential = await visitor.who()
  assert.deepEqual(credential.kind === 'identity' && credential.identity.roles, ['admin'])
  assert.deepEqual(credential.kind === 'identity' && credential.identity.groups, ['finance/audit'])
})
