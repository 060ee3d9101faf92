/** Claims of a token whose signature is right: whether it counts, and whom it names. */

import type { JwtConfig, JwtIssuer } from '../../config/auth-types.ts'
import { identityOf, type Identity } from '../identity.ts'
import { BadToken } from './bad-token.ts'

/** Claims, as somebody else made them. */
export type Claims = Readonly<Record<string, unknown>>

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How claims are read. */
export type ClaimRules = Pick<
  JwtConfig,
  | 'leewayS'
  | 'tokenType'
  | 'requiredClaims'
  | 'maxLifetimeMs'
  | 'userClaim'
  | 'scopeClaim'
  | 'rolesClaim'
  | 'groupsClaim'
  | 'trustUnverifiedEmail'
>

/** What RFC 9068 2.2 asks of an access token. */
const accessTokenClaims = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']

/** The identity, or why the token does not count. @param nowS seconds since 1970 */
export function readClaims(
  claims: Claims,
  issuer: Pick<JwtIssuer, 'issuer' | 'audience'>,
  rules: ClaimRules,
  nowS: number,
): Identity | BadToken {
  const complaint = complaintAbout(claims, issuer, rules, nowS)
  if (complaint !== null) return new BadToken(complaint)
  const identity = identityFromClaims(claims, rules)
  if (identity.subject === '') return new BadToken('the token names no user')
  return { ...identity, expiresAt: ((isTime(claims['exp']) ? claims['exp'] : 0) + rules.leewayS) * 1_000 }
}

function complaintAbout(
  claims: Claims,
  { issuer, audience }: Pick<JwtIssuer, 'issuer' | 'audience'>,
  { leewayS, maxLifetimeMs, requiredClaims, tokenType }: ClaimRules,
  nowS: number,
): string | null {
  const { exp, nbf, iat } = claims
  if (claims['iss'] !== issuer) return 'the token is of another issuer'
  if (!isFor(claims['aud'], audience)) return 'the token is for another audience'
  if (!isTime(exp)) return 'the token does not say when it ends'
  if (exp + leewayS <= nowS) return 'the token has expired'
  if (nbf !== undefined && (!isTime(nbf) || nbf - leewayS > nowS)) return 'the token does not hold yet'
  if (iat !== undefined && (!isTime(iat) || iat - leewayS > nowS)) return 'the token is from the future'
  const lifetimeS = exp - (isTime(iat) ? iat : nowS)
  if (maxLifetimeMs > 0 && lifetimeS * 1_000 > maxLifetimeMs) return 'the token lives longer than is allowed'
  // Only ID and logout tokens have these: they say who logged in, not what may be done.
  if ('at_hash' in claims || 'c_hash' in claims || 'events' in claims) return 'the token is of another type'
  const needed = tokenType === 'at+jwt' ? [...accessTokenClaims, ...requiredClaims] : requiredClaims
  return needed.every((name) => name in claims) ? null : 'a claim is missing'
}

function isFor(aud: unknown, audience: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.some((one) => typeof one === 'string' && audience.includes(one))
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Where of a token what is. */
export type ClaimNames = Pick<
  ClaimRules,
  'userClaim' | 'scopeClaim' | 'rolesClaim' | 'groupsClaim' | 'trustUnverifiedEmail'
>

/** Whom claims name; the subject is `''` when they name nobody. They are believed: look at them before. */
export function identityFromClaims(claims: Claims, rules: ClaimNames): Identity {
  const { auth_time: authTime, acr, amr } = claims
  return identityOf({
    via: 'jwt',
    subject: textOf(claimAt(claims, rules.userClaim)) ?? '',
    email: emailOf(claims, rules.trustUnverifiedEmail),
    name: textOf(claims['name']),
    preferredUsername: textOf(claims['preferred_username']),
    groups: listOf(claimAt(claims, rules.groupsClaim)),
    roles: listOf(claimAt(claims, rules.rolesClaim)),
    scopes: scopesOf(claimAt(claims, rules.scopeClaim)),
    claims,
    ...(isTime(authTime) ? { authTime } : {}),
    ...(typeof acr === 'string' ? { acr } : {}),
    ...(Array.isArray(amr) ? { amr: listOf(amr) } : {}),
  })
}

/** The address, when somebody has made sure that it is the user's. */
export function emailOf(claims: Claims, trustUnverified: boolean): string | null {
  const { email, email_verified: verified } = claims
  if (typeof email !== 'string' || email === '') return null
  return verified === true || verified === 'true' || (trustUnverified && verified === undefined)
    ? email
    : null
}

/** The claim of that name, or at that dotted path: `realm_access.roles`. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let at: unknown = claims
  for (const step of path.split('.')) {
    if (!isRecord(at) || !Object.hasOwn(at, step)) return undefined
    at = at[step]
  }
  return at
}

/** A list of texts; one text is a list of one, and what is no text is left out. */
export function listOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : []
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** Separated by single spaces (RFC 6749 3.3), or a list. */
function scopesOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : listOf(value)
}
