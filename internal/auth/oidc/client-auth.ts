/** How the gateway shows a provider who it is, in the form of openid-client. */

import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto'

import * as client from 'openid-client'

import type { ClientAssertion, ClientAuthConfig } from '../../config/login-types.ts'

/** Makes it. */
export function clientAuth(config: ClientAuthConfig): client.ClientAuth {
  switch (config.method) {
    case 'none':
      return client.None()
    case 'client_secret_basic':
      return client.ClientSecretBasic(config.secret.reveal())
    case 'client_secret_post':
      return client.ClientSecretPost(config.secret.reveal())
    case 'private_key_jwt':
      return signed(config.assertion)
  }
}

/** Each assertion holds for a minute and for one call. */
function signed({ key: pem, alg, keyId, thumbprint, audience }: ClientAssertion): client.ClientAuth {
  const key = cryptoKey(createPrivateKey(pem.reveal()), alg)
  const named = keyId === null ? key : { key, kid: keyId }
  return (server, metadata, body, headers) => {
    const called = body.has('grant_type') ? server.token_endpoint : server.revocation_endpoint
    const sign = client.PrivateKeyJwt(named, {
      [client.modifyAssertion](header, payload) {
        header['alg'] = alg
        header['typ'] = 'JWT'
        if (thumbprint !== null) header['x5t#S256'] = thumbprint
        if (audience === 'endpoint' && called !== undefined) payload['aud'] = called
      },
    })
    return sign(server, metadata, body, headers)
  }
}

/** The key for exactly one algorithm; nobody can read it out again. */
function cryptoKey(key: KeyObject, alg: string): webcrypto.CryptoKey {
  return key.toCryptoKey(algorithmFor(alg), false, ['sign'])
}

function algorithmFor(alg: string): { name: string; hash?: string; namedCurve?: string } {
  const hash = `SHA-${alg.slice(2)}`
  switch (alg.slice(0, 2)) {
    case 'RS':
      return { name: 'RSASSA-PKCS1-v1_5', hash }
    case 'PS':
      return { name: 'RSA-PSS', hash }
    case 'ES':
      return { name: 'ECDSA', namedCurve: alg === 'ES512' ? 'P-521' : `P-${alg.slice(2)}` }
    default:
      return { name: 'Ed25519' }
  }
}
