import assert from 'node:assert/strict'
import { test } from 'node:test'

import { clientFindings, keyFindings } from '../../../internal/app/doctor/agreement.ts'
import type { ClientAuthConfig, OidcConfig } from '../../../internal/config/login-types.ts'
import { Secret } from '../../../internal/config/secret.ts'

const secret = new Secret('s')
const basic: ClientAuthConfig = { method: 'client_secret_basic', secret }
const signed: ClientAuthConfig = {
  method: 'private_key_jwt',
  assertion: { key: secret, alg: 'ES256', keyId: null, thumbprint: null, audience: 'issuer' },
}

function fixes(document: Readonly<Record<string, unknown>>, clientAuth: ClientAuthConfig): readonly string[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is not looked at
  const oidc = { clientAuth } as OidcConfig
  return clientFindings(document, oidc, 'fluxlit.toml:1').map(({ fix = '' }) => fix)
}

const only = (...methods: string[]) => ({ token_endpoint_auth_methods_supported: methods })

test('a provider that does not take the configured way is named, with the way it takes', () => {
  assert.deepEqual(fixes(only('client_secret_post'), basic), [
    'write client_auth_method = "client_secret_post"',
  ])
  assert.deepEqual(fixes(only('client_secret_basic'), basic), [])
  assert.deepEqual(fixes({}, basic), [], 'what holds when nothing is said')
  assert.deepEqual(fixes({}, signed), ['write client_auth_method = "client_secret_basic"'])
  assert.deepEqual(fixes(only('tls_client_auth'), { method: 'none' }), [])
  const rsa = { ...only('private_key_jwt'), token_endpoint_auth_signing_alg_values_supported: ['RS256'] }
  assert.match(fixes(rsa, signed).join(), /client_assertion_alg/)
  assert.deepEqual(fixes(only('private_key_jwt'), signed), [])
})

const of = (keys: readonly unknown[], ...accepted: string[]) =>
  keyFindings({ keys }, accepted, 'https://idp.example/keys', 'fluxlit.toml:1').length

test('a set of keys has to have one for an accepted algorithm', () => {
  assert.equal(of([{ kty: 'RSA', use: 'sig' }], 'RS256', 'ES256'), 0)
  assert.equal(of([{ kty: 'RSA', alg: 'RS512' }], 'RS256'), 1)
  assert.equal(of([{ kty: 'RSA', use: 'enc' }], 'RS256'), 1)
  assert.equal(of([{ kty: 'EC', crv: 'P-384' }], 'ES256'), 1)
  assert.equal(of([{ kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519' }], 'EdDSA'), 0)
  assert.equal(of([null, 'x'], 'RS256'), 1)
  assert.equal(keyFindings({}, ['RS256'], 'https://idp.example/keys', '')[0]?.state, 'FAIL')
})
