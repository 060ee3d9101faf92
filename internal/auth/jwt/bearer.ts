/** The `Authorization` field as a bearer token (RFC 6750 2.1), before anything of it is believed. */

import { BadToken } from './bad-token.ts'
import { isRecord } from './claims.ts'

/** A token that may be looked at closer: its form is right and its algorithm one of ours. */
export interface Bearer {
  readonly token: string
  readonly alg: string
  readonly kid: string | null
  /** Issuer as the token says, not checked; it chooses whose keys are tried. */
  readonly issuer: string
}

const longestToken = 8192
const longestKid = 256
/** Types of tokens that may be bearers (RFC 9068 2.1); everything else was made for another purpose. */
const bearerTypes = new Set(['jwt', 'at+jwt'])

/** The token in the field; null when it is of another scheme. */
export function bearerOf(authorization: string): string | null {
  return /^bearer(?: |$)/i.test(authorization) ? authorization.slice(7) : null
}

/** Looks at the form of a token and at its first part. */
export function readBearer(token: string, algorithms: ReadonlySet<string>): Bearer | BadToken {
  if (token.length > longestToken) return new BadToken('the token is too long')
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token))
    return new BadToken('the token is not a signed JWT')
  const [first = '', second = ''] = token.split('.')
  const header = partOf(first)
  const payload = partOf(second)
  if (header === null || payload === null) return new BadToken('the token is not a signed JWT')
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || !algorithms.has(alg)) return new BadToken('the algorithm is not accepted')
  if ('crit' in header || 'b64' in header || 'zip' in header)
    return new BadToken('the token has extensions that are not understood')
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > longestKid))
    return new BadToken('the key id is not valid')
  if (typ !== undefined && (typeof typ !== 'string' || !bearerTypes.has(plainType(typ))))
    return new BadToken('the token is of another type')
  const issuer = typeof payload['iss'] === 'string' ? payload['iss'] : ''
  return { token, alg, kid: kid ?? null, issuer }
}

/** `typ` in lower case, without `application/` (RFC 7515 4.1.9). */
export function plainType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '')
}

function partOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}
