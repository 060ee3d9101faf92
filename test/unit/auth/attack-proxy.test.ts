/** Rows 18 to 22 of the attack matrix in docs/security.md: what a proxy in front says, and who else says it. */

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { test } from 'node:test'

import { AlbVerifier } from '../../../internal/auth/alb.ts'
import { identityOf } from '../../../internal/auth/identity.ts'
import { BadToken } from '../../../internal/auth/jwt/bad-token.ts'
import { ProxyAuthenticator } from '../../../internal/auth/proxy.ts'
import type { ProxyAuthConfig } from '../../../internal/config/auth-types.ts'
import { accessTo } from '../../support/access.ts'
import { bearerAuth, keyServer, Signer, unsigned } from '../../support/auth.ts'
import { guarded, told, type Guarded } from '../../support/auth-front.ts'

const plain: ProxyAuthConfig = {
  trustedProxies: ['127.0.0.1/32'],
  userHeader: 'x-forwarded-user',
  emailHeader: 'x-forwarded-email',
  nameHeader: 'x-forwarded-preferred-username',
  groupsHeader: 'x-forwarded-groups',
  groupsSeparator: ',',
  assertionHeader: '',
  assertion: null,
  cookies: ['_oauth2_proxy'],
  closeSocketsAtExp: false,
}

function opened(t: Parameters<typeof guarded>[0], proxy: ProxyAuthConfig): Promise<Guarded> {
  return guarded(t, { auth: { modes: ['proxy'], proxy } })
}

test('attack 103: the cookie by which the proxy knows somebody is nothing for pages', async (t) => {
  const { ask, api } = await opened(t, plain)
  const cookie = 'Cookie: theme=dark; _oauth2_proxy=ticket; _oauth2_proxy_1=more; lang=de'
  assert.equal((await ask('GET /api/x', 'X-Forwarded-User: ann', cookie)).status, 200)
  assert.deepEqual(told(api.requests[0], 'Cookie'), ['theme=dark; lang=de'])
})

test('whoever a trusted proxy names is signed in, and learns it anew from us', async (t) => {
  const { ask, api } = await opened(t, plain)
  const lines = [
    'X-Forwarded-User: ann',
    'X-Forwarded-Email: ann@example.com',
    'X-Forwarded-Groups: a, b',
    'X-Forwarded-Preferred-Username: Ann',
  ]
  assert.equal((await ask('GET /api/x', ...lines)).status, 200)
  const [request] = api.requests
  assert.deepEqual(told(request, 'X-Forwarded-User'), ['ann'])
  assert.deepEqual(told(request, 'X-Forwarded-Email'), ['ann@example.com'])
  assert.deepEqual(told(request, 'X-Forwarded-Groups'), ['a,b'])
  assert.deepEqual(told(request, 'X-Fluxlit-Name'), ['Ann'])
})

test('attack 18: the same headers from anywhere else are dropped', async (t) => {
  const { ask, api } = await opened(t, { ...plain, trustedProxies: ['10.0.0.0/8'] })
  assert.equal((await ask('GET /api/x', 'X-Forwarded-User: admin')).status, 401)
  // An address that is only claimed is none.
  assert.equal((await ask('GET /api/x', 'X-Forwarded-User: admin', 'X-Forwarded-For: 10.0.0.1')).status, 401)
  assert.equal(api.requests.length, 0)
})

test('attack 19: a trusted proxy that names nobody brings nobody', async (t) => {
  const { ask, api } = await opened(t, plain)
  assert.equal((await ask('GET /api/x')).status, 401)
  assert.equal((await ask('GET /api/x', 'X-Forwarded-User:')).status, 401)
  assert.equal((await ask('GET /api/x', 'X-Forwarded-Email: admin@example.com')).status, 401)
  assert.equal((await ask('GET /api/x', 'X_Forwarded_User: admin')).status, 401)
  assert.equal(api.requests.length, 0)
})

test('attack 19: a proxy that passes the header of its client on, besides its own, names nobody', async (t) => {
  const { ask, api } = await opened(t, plain)
  assert.equal((await ask('GET /api/x', 'X-Forwarded-User: admin', 'X-Forwarded-User: bob')).status, 401)
  const groups = ['X-Forwarded-User: bob', 'X-Forwarded-Groups: admin', 'X-Forwarded-Groups: x']
  assert.equal((await ask('GET /api/x', ...groups)).status, 401)
  assert.equal(api.requests.length, 0)
})

test('a name of the configuration is the gateway’s own for everybody else', async (t) => {
  const { ask, api } = await opened(t, {
    ...plain,
    userHeader: 'x-sso-user',
    emailHeader: '',
    groupsHeader: '',
    nameHeader: '',
  })
  assert.equal((await ask('GET /api/x', 'X-SSO-User: ann')).status, 200)
  assert.deepEqual(told(api.requests[0], 'X-SSO-User'), [])
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['ann'])
})

test('attack 22: an assertion counts only for us, and then plain headers do not', async (t) => {
  const signer = new Signer()
  const keys = await keyServer(t, [signer.jwk])
  const auth = bearerAuth({ kind: 'url', url: keys.url })
  const { jwt } = auth
  assert(jwt !== null)
  const proxy: ProxyAuthConfig = {
    ...plain,
    assertionHeader: 'x-goog-iap-jwt-assertion',
    assertion: { kind: 'jwt', jwt },
  }
  const { api, ask } = await guarded(t, { front: { auth: { ...auth, modes: ['proxy'], jwt: null, proxy } } })
  const send = (token: string): Promise<{ status: number }> =>
    ask('GET /api/x', `X-Goog-Iap-Jwt-Assertion: ${token}`, 'X-Forwarded-User: admin')
  assert.equal((await send(signer.token({ sub: 'ann' }))).status, 200)
  assert.equal((await send(signer.token({ aud: '/projects/1/global/backendServices/2' }))).status, 401)
  assert.equal((await send(new Signer().token())).status, 401)
  assert.equal((await ask('GET /api/x', 'X-Forwarded-User: admin')).status, 401)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['ann'])
  assert.equal(api.requests.length, 1)
})

const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/ours/50dc6c495c0c9188'
const kid = '7b1e7d3e-1f0a-4d2c-9a49-2f1c1ab9b7aa'

function padded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** A load balancer: signs as AWS does, with padding. */
function balancer(): {
  key: KeyObject
  pem: string
  assertion: (claims?: object, header?: object) => string
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const exp = Math.floor(Date.now() / 1_000) + 120
  return {
    key: privateKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    assertion(claims = {}, header = {}) {
      const signed = `${padded({ alg: 'ES256', kid, signer: arn, iss: 'https://idp.test', exp, ...header })}.${padded({ sub: 'ann', email: 'ann@example.com', exp, ...claims })}`
      return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
  }
}

function verifier(pem: string, asked: string[] = [], status = 200): AlbVerifier {
  const rules = {
    signer: arn,
    keysUrl: 'https://keys.test/',
    issuer: 'https://idp.test',
    leewayS: 30,
    timeoutMs: 1_000,
  }
  const fetch = (url: string): Promise<Response> => {
    asked.push(url)
    return Promise.resolve(new Response(pem, { status }))
  }
  return new AlbVerifier(rules, { fetch, now: Date.now })
}

test('what our load balancer signed counts, and its key is fetched once', async () => {
  const { pem, assertion } = balancer()
  const asked: string[] = []
  const alb = verifier(pem, asked)
  for (const claims of [{}, { sub: 'bob' }]) {
    const outcome = await alb.verify(assertion(claims))
    assert(typeof outcome === 'object' && !(outcome instanceof BadToken))
    assert.deepEqual([outcome.via, outcome.email], ['proxy', 'ann@example.com'])
  }
  assert.deepEqual(asked, [`https://keys.test/${kid}`])
})

test('attack 20: our load balancer’s name under another signature counts for nothing', async () => {
  const alb = verifier(balancer().pem)
  assert((await alb.verify(balancer().assertion())) instanceof BadToken)
  const [header, claims] = balancer().assertion().split('.')
  assert((await alb.verify(`${header}.${claims}.`)) instanceof BadToken)
  assert(
    (await alb.verify(`${unsigned({ sub: 'a' }, { alg: 'none', kid, signer: arn })}.x`)) instanceof BadToken,
  )
})

test('attack 21: the load balancer of somebody else is another one', async () => {
  const { pem, assertion } = balancer()
  const asked: string[] = []
  const alb = verifier(pem, asked)
  for (const signer of [arn.replace('123456789012', '999999999999'), undefined, `${arn}x`])
    assert((await alb.verify(assertion({}, { signer }))) instanceof BadToken)
  assert((await alb.verify(assertion({}, { kid: '../../latest/meta-data' }))) instanceof BadToken)
  assert((await alb.verify(assertion({ exp: 1 }))) instanceof BadToken)
  assert((await alb.verify(assertion({}, { exp: 1 }))) instanceof BadToken)
  assert((await alb.verify(assertion({}, { iss: 'https://evil.test' }))) instanceof BadToken)
  assert.ok(asked.every((url) => url === `https://keys.test/${kid}`))
})

test('while the keys of load balancers cannot be fetched nobody is turned away for good', async () => {
  assert.equal(await verifier('', [], 503).verify(balancer().assertion()), 'unavailable')
})

/** Mode `proxy` with assertions that end when they are told to. */
function asserted(state: { over: boolean }, closeSocketsAtExp: boolean): ProxyAuthenticator {
  const known = identityOf({ via: 'proxy', subject: 'ann', expiresAt: 1_000 })
  const config = { ...plain, assertionHeader: 'x-assertion', closeSocketsAtExp }
  const checks = {
    known: () => null,
    verify: () => (state.over ? new BadToken('the token has expired') : Promise.resolve(known)),
    close: () => undefined,
  }
  return new ProxyAuthenticator(config, { verifier: checks, untrusted: () => undefined })
}

test('a socket outlives the assertion it was opened with, unless it is not to', async () => {
  const lines = ['X-Assertion: signed']
  const names = new Set(['x-assertion'])
  for (const closes of [false, true]) {
    const state = { over: false }
    const way = asserted(state, closes)
    const request = accessTo({ target: '/_stcore/stream', websocket: true, lines, names })
    const first = await way.authenticate(request)
    assert(first.kind === 'identity')
    assert.equal(first.identity.expiresAt, closes ? 1_000 : null)
    const again = await way.authenticate(request)
    assert(again.kind === 'identity' && (closes || again.identity === first.identity))
    state.over = true
    const rechecked = await way.authenticate({ ...request, recheck: first.identity })
    assert.equal(rechecked.kind, closes ? 'rejected' : 'identity')
    // The next request needs one that holds, and so does a socket of somebody who is known in another way.
    assert.equal((await way.authenticate(request)).kind, 'rejected')
    const other = identityOf({ via: 'jwt', subject: 'eve' })
    assert.equal((await way.authenticate({ ...request, recheck: other })).kind, 'rejected')
  }
})
