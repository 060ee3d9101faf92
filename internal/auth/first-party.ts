/**
 * The token that applications of the Python package know how to check (`app.make_jwt_bearer()`): signed with a secret that
 * they share with the gateway (HS256, RFC 7519). It says who asks, and neither where they signed in nor by which token.
 */

import { createHmac } from 'node:crypto'

import type { FirstPartyTokens } from '../config/auth-types.ts'
import { headerList } from './header-text.ts'
import type { Identity } from './identity.ts'

/** How long one holds, and for how long one that is sent holds at least; in milliseconds. */
const lifetimeMs = 5 * 60_000
const leastMs = 60_000

/** What tokens are made with besides. */
export interface FirstPartyRules {
  readonly maxGroupsBytes: number
  /** Wall-clock milliseconds. */
  readonly now: () => number
}

/** Makes the token of an identity; one is sent again until it holds for another minute only. */
export function compileFirstParty(
  tokens: FirstPartyTokens,
  { maxGroupsBytes, now: clock }: FirstPartyRules,
): (identity: Identity) => string {
  const kept = new WeakMap<Identity, { readonly token: string; readonly until: number }>()
  const named = { iss: tokens.issuer, aud: tokens.audience }
  const header = encode({ alg: 'HS256', typ: 'JWT' })
  return (identity) => {
    const now = clock()
    const known = kept.get(identity)
    if (known !== undefined && now < known.until && now >= known.until - lifetimeMs) return known.token
    // Nobody is known for longer than what they signed in with.
    const expires = Math.min(now + lifetimeMs, identity.expiresAt ?? Infinity)
    const signed = `${header}.${encode({ ...named, ...claimsOf(identity, maxGroupsBytes, now, expires) })}`
    const token = `${signed}.${createHmac('sha256', tokens.secret.reveal()).update(signed).digest('base64url')}`
    kept.set(identity, { token, until: expires - leastMs })
    return token
  }
}

function claimsOf(
  { subject, email, name, preferredUsername, groups, roles, scopes }: Identity,
  maxGroupsBytes: number,
  now: number,
  expires: number,
): Readonly<Record<string, unknown>> {
  return {
    sub: subject,
    iat: Math.floor(now / 1_000),
    exp: Math.floor(expires / 1_000),
    ...(email === null ? {} : { email }),
    ...(name === null ? {} : { name }),
    ...(preferredUsername === null ? {} : { preferred_username: preferredUsername }),
    // The token is a header, and has to stay one that servers take.
    groups: headerList(groups).length > maxGroupsBytes ? [] : groups,
    roles,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
