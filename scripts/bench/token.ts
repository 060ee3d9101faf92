/** A bearer token for scenarios in which the proxy checks one, signed with a secret of its own. */

import { createHmac } from 'node:crypto'

/** What a token is checked with: issuer, audience and an HS256 secret. */
export const tokenIssuer = 'bench'

/** Long enough for HS256 (RFC 7518 3.2), and of no worth to anybody. */
export const tokenSecret = 'a secret of the bench, for tokens of one hour'

/** A token that is good for an hour. */
export function bearerToken(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: tokenIssuer, aud: tokenIssuer, sub: 'bench', iat: now, exp: now + 3600 }
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', tokenSecret).update(signed).digest('base64url')}`
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
