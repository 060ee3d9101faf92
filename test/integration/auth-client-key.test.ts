/** Login at a certified provider that knows the gateway by a public key instead of a secret. */

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'

import type { ClientMetadata } from 'oidc-provider'

import { app } from '../support/apps.ts'
import { certifiedProvider } from '../support/certified-provider.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'
import { clientId } from '../support/odd-provider.ts'

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const ways: readonly {
  readonly alg: ClientMetadata['token_endpoint_auth_signing_alg']
  readonly pair: Pair
  readonly kid?: string
  readonly asJwk?: boolean
  readonly lines?: string
}[] = [
  { alg: 'ES256', pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  {
    alg: 'PS256',
    pair: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    lines: 'client_assertion_alg = "PS256"\nclient_assertion_audience = "endpoint"\n',
  },
  { alg: 'EdDSA', pair: generateKeyPairSync('ed25519'), kid: 'of-this-year', asJwk: true },
]

for (const { alg, pair, kid, asJwk = false, lines = '' } of ways) {
  test(`a gateway that signs with ${alg} instead of showing a secret`, async (t) => {
    const publicJwk = {
      ...pair.publicKey.export({ format: 'jwk' }),
      use: 'sig',
      ...(kid === undefined ? {} : { kid }),
    }
    const provider = await certifiedProvider(t, {
      signsIn: 'erin',
      accessLifetime: 2,
      client: () => ({
        client_secret: undefined,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: alg,
        jwks: { keys: [publicJwk] },
      }),
    })
    const key = asJwk
      ? JSON.stringify({ ...pair.privateKey.export({ format: 'jwk' }), kid })
      : pair.privateKey.export({ format: 'pem', type: 'pkcs8' })
    const toml = `
[auth]
modes = ["oidc"]
[auth.oidc]
issuer = "${provider.issuer}"
client_id = "${clientId}"
client_auth_method = "private_key_jwt"
client_key_file = "client.key"
${lines}scopes = ["openid", "profile", "email", "offline_access"]
authorization_params = { prompt = "consent" }
allow_insecure_issuer = true
[auth.session]
refresh_margin = "1s"
[workers.api]
app = "api:app"
mount = "/"
`
    const files = { 'api.py': app('api.py'), 'client.key': key }
    const running = await (await gateway(t, { toml, files })).ready()
    provider.open(running.url)
    const visitor = new GatewayVisitor(running.url)

    await t.test('signs people in', async () => {
      const arrived = await eventually('the provider is found', async () => {
        const answer = await visitor.arrive('/oauth2/start?rd=/seen/x')
        return answer.status !== 503 && answer
      })
      assert.equal(arrived.status, 200, arrived.body)
      const { headers } = json<{ headers: [string, string][] }>(arrived.body)
      assert.deepEqual(new Map(headers).get('x-forwarded-email'), 'erin@example.com')
    })

    await t.test('renews their tokens', async () => {
      await eventually('a renewal', async () => {
        assert.equal((await visitor.ask('/seen/x')).status, 200)
        return provider.grants.includes('refresh_token')
      })
    })

    await t.test('ends their refresh tokens when they sign out', async () => {
      const out = await visitor.ask('/oauth2/sign_out', { method: 'POST', headers: { origin: running.url } })
      assert.equal(out.status, 303)
      await eventually('the grant is gone', () => provider.revocations() > 0)
      assert.doesNotMatch(running.output, /PRIVATE KEY|client_assertion=|eyJ/)
    })
  })
}
