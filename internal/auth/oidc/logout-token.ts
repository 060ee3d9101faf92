/** Logout tokens: what a provider says when somebody signed out elsewhere (OpenID Connect Back-Channel Logout 1.0). */

import type { JWTVerifyResult } from 'jose'

import { ProviderError, providerError } from './provider-error.ts'

/** Which sessions are over. */
export interface EndedSession {
  readonly issuer: string
  readonly subject: string | null
  readonly sid: string | null
  readonly tokenId: string
  /** Wall-clock milliseconds after which the token is of no use to anybody. */
  readonly expiresAt: number
}

/** What is needed to read one. */
export interface LogoutTokenRules {
  readonly issuer: string
  readonly clientId: string
  /** Checks signature, issuer, audience and times. */
  readonly verify: (token: string) => Promise<JWTVerifyResult>
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

const event = 'http://schemas.openid.net/event/backchannel-logout'

/** How old a token may be, and how far in the future it may have been made. */
const ageMs = 5 * 60_000

/** Reads and checks one. @throws ProviderError `invalid` with the rule it breaks, `unavailable` when keys are missing */
export async function readLogoutToken(token: string, rules: LogoutTokenRules): Promise<EndedSession> {
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) throw broken('form')
  const { payload, protectedHeader } = await rules.verify(token).catch((error: unknown) => {
    throw verdict(error)
  })
  const { typ } = protectedHeader
  // Access and ID tokens have types of their own, or other claims; some providers give logout tokens none.
  if (typ !== undefined && !/^(?:application\/)?(?:logout\+jwt|jwt)$/i.test(typ)) throw broken('typ')
  if (!saysLogout(payload['events'])) throw broken('events')
  if ('nonce' in payload) throw broken('nonce')
  const now = (rules.now ?? Date.now)()
  if (Math.abs(now - (payload.iat ?? 0) * 1000) > ageMs) throw broken('iat')
  const subject = textOr(payload.sub)
  const sid = textOr(payload['sid'])
  if (subject === null && sid === null) throw broken('sub_sid')
  const tokenId = textOr(payload.jti)
  if (tokenId === null) throw broken('jti')
  return { issuer: rules.issuer, subject, sid, tokenId, expiresAt: (payload.exp ?? 0) * 1000 }
}

function saysLogout(events: unknown): boolean {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, event)) return false
  const said: unknown = Object.entries(events).find(([name]) => name === event)?.[1]
  return typeof said === 'object' && said !== null && !Array.isArray(said)
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= 1024 ? value : null
}

function broken(rule: string): ProviderError {
  return new ProviderError('invalid', `logout_token_${rule}`)
}

/** jose says `ERR_JW...` of the token, and anything else of the way to the keys. */
function verdict(error: unknown): ProviderError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ERR_JWKS_TIMEOUT' || code === 'ERR_JOSE_GENERIC' || !code.startsWith('ERR_'))
    return new ProviderError('unavailable', providerError(error).reason)
  return new ProviderError('invalid', code, { cause: error })
}
