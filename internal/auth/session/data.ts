/** What a session remembers, and who that is. */

import type { OidcConfig } from '../../config/login-types.ts'
import { identityOf, type Identity } from '../identity.ts'

/** The record of one session, as it is sealed. Times are wall-clock milliseconds. */
export interface SessionData {
  readonly issuer: string
  readonly subject: string
  /** The provider's own name of the session; null = it told none. */
  readonly sid: string | null
  /** What ID token and userinfo said, without what is about the token. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Whether userinfo was asked: what came from there is asked for again at every renewal. */
  readonly askedUserinfo: boolean
  /** Set when the provider had more groups than it could tell. */
  readonly groupsUnknown: boolean
  /** For the hint at logout. */
  readonly idToken: string | null
  readonly accessToken: string
  readonly accessIssuedAt: number
  /** Null = the provider does not say. */
  readonly accessExpiresAt: number | null
  readonly refreshToken: string | null
  readonly signedInAt: number
}

/** Makes the text that is sealed. */
export function writeSession(data: SessionData): string {
  return JSON.stringify(data)
}

/** Reads what {@link writeSession} made; only what was sealed by us comes here. Null = by another version. */
export function readSession(text: string): SessionData | null {
  const data: unknown = JSON.parse(text)
  return isSessionData(data) ? data : null
}

function isSessionData(data: unknown): data is SessionData {
  if (typeof data !== 'object' || data === null) return false
  return (
    'issuer' in data &&
    typeof data.issuer === 'string' &&
    'subject' in data &&
    typeof data.subject === 'string' &&
    'claims' in data &&
    typeof data.claims === 'object' &&
    'accessToken' in data
  )
}

/** Who a session belongs to, by the claims that the configuration names. */
export function identityOfSession(
  data: SessionData,
  sessionKey: string,
  expiresAt: number,
  config: OidcConfig,
): Identity {
  const { claims } = data
  return identityOf({
    via: 'oidc',
    subject: textAt(claims, config.userClaim) ?? data.subject,
    email: verifiedEmail(claims, config),
    name: textAt(claims, config.nameClaim),
    preferredUsername: textAt(claims, 'preferred_username'),
    groups: data.groupsUnknown ? [] : groupsOf(claims, config),
    roles: textsAt(claims, config.rolesClaim),
    claims,
    expiresAt,
    sessionKey,
    accessToken: data.accessToken,
    ...loginFacts(claims),
  })
}

/** How somebody signed in, as far as the provider says it. */
function loginFacts(claims: SessionData['claims']): Partial<Pick<Identity, 'authTime' | 'acr' | 'amr'>> {
  const { auth_time: authTime, acr, amr } = claims
  return {
    ...(typeof authTime === 'number' ? { authTime } : {}),
    ...(typeof acr === 'string' ? { acr } : {}),
    ...(Array.isArray(amr) ? { amr: textsAt(claims, 'amr') } : {}),
  }
}

/** The address, when it counts: nobody becomes somebody else by writing another address into their profile. */
export function verifiedEmail(
  claims: SessionData['claims'],
  { emailClaim, requireVerifiedEmail, trustUnverifiedEmail }: OidcConfig,
): string | null {
  const email = textAt(claims, emailClaim)
  if (email === null || !requireVerifiedEmail) return email
  const said = claims['email_verified'] ?? claims['xms_edov']
  if (said === undefined) return trustUnverifiedEmail ? email : null
  return said === true || said === 'true' || said === 1 || said === '1' ? email : null
}

function groupsOf(claims: SessionData['claims'], { groupsClaim, preset }: OidcConfig): readonly string[] {
  const groups = textsAt(claims, groupsClaim)
  // Keycloak tells paths.
  return preset === 'keycloak' ? groups.map((group) => group.replace(/^\//, '')) : groups
}

/** The text at a claim; dots lead into objects unless a claim has that very name. */
export function textAt(claims: SessionData['claims'], path: string): string | null {
  const value = claimAt(claims, path)
  return typeof value === 'string' && value !== '' ? value : null
}

/** The texts at a claim: a list, or one text alone. */
export function textsAt(claims: SessionData['claims'], path: string): readonly string[] {
  const value = claimAt(claims, path)
  if (typeof value === 'string') return value === '' ? [] : [value]
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

/** What stands at a claim. */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const step of path.split('.')) {
    if (!isTable(value) || !Object.hasOwn(value, step)) return undefined
    value = value[step]
  }
  return value
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
