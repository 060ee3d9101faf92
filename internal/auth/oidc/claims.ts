/** From what a provider says about a person to what a session keeps. */

import type { OidcConfig } from '../../config/login-types.ts'
import { domainOf } from '../requirement.ts'
import { claimAt, textAt, textsAt, verifiedEmail, type SessionData } from '../session/data.ts'

type Claims = Readonly<Record<string, unknown>>

/** Claims about the token, not about the person. */
const aboutTheToken = new Set([
  'aud',
  'exp',
  'iat',
  'nbf',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'jti',
  'azp',
])

/** What of the claims is kept. */
export function personal(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !aboutTheToken.has(name)))
}

/** Whether something the configuration names is missing in the ID token, so that userinfo has to be asked. */
export function needsUserinfo(claims: Claims, config: OidcConfig): boolean {
  if (config.userinfo !== 'auto') return config.userinfo === 'always'
  const { userClaim, emailClaim, nameClaim, groupsClaim, rolesClaim } = config
  const named = [userClaim, emailClaim, nameClaim, ...wanted(config, groupsClaim, rolesClaim)]
  if (saysTooManyGroups(claims))
    return named.some((name) => name !== groupsClaim && claimAt(claims, name) === undefined)
  return named.some((name) => claimAt(claims, name) === undefined)
}

/** Groups and roles are looked for only where somebody asked the provider for them. */
function wanted({ scopes, preset }: OidcConfig, groupsClaim: string, rolesClaim: string): readonly string[] {
  const names = preset === 'google' ? [] : [groupsClaim]
  return scopes.includes('roles') ? [...names, rolesClaim] : names
}

/** Entra tells that a person has more groups than fit (`_claim_names`, or `hasgroups` in implicit answers). */
export function saysTooManyGroups(claims: Claims): boolean {
  if (claims['hasgroups'] === true) return true
  const names = claims['_claim_names']
  return typeof names === 'object' && names !== null && 'groups' in names
}

/** Claims of an access token that the provider itself just handed over: where Keycloak puts roles. */
export function accessTokenClaims(token: string): Claims {
  const [, payload] = token.split('.')
  if (payload === undefined) return {}
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}

/** Why somebody whom the provider let in may not sign in here; null = they may. */
export type GateRefusal = 'email_missing' | 'email_unverified' | 'email_domain' | 'group' | 'groups_overage'

/** The gates of `allowed_email_domains` and `allowed_groups`; asked at every login and at every renewal. */
export function refusedAtGate(
  data: Pick<SessionData, 'claims' | 'groupsUnknown'>,
  config: OidcConfig,
): GateRefusal | null {
  return refusedByDomain(data.claims, config) ?? refusedByGroup(data, config)
}

function refusedByDomain(claims: Claims, config: OidcConfig): GateRefusal | null {
  const { allowedEmailDomains: domains, emailClaim, preset } = config
  if (domains.length === 0) return null
  if (textAt(claims, emailClaim) === null) return 'email_missing'
  const email = verifiedEmail(claims, config)
  if (email === null) return 'email_unverified'
  const domain = domainOf(email)
  if (domain === null || !domains.includes(domain)) return 'email_domain'
  // A private Google account may have an address of the company; only its Workspace has this claim.
  if (preset === 'google' && !domains.includes(textAt(claims, 'hd')?.toLowerCase() ?? ''))
    return 'email_domain'
  return null
}

function refusedByGroup(
  { claims, groupsUnknown }: Pick<SessionData, 'claims' | 'groupsUnknown'>,
  { allowedGroups, groupsClaim, preset }: OidcConfig,
): GateRefusal | null {
  if (allowedGroups.length === 0) return null
  if (groupsUnknown) return 'groups_overage'
  const groups = textsAt(claims, groupsClaim)
  const plain = preset === 'keycloak' ? groups.map((group) => group.replace(/^\//, '')) : groups
  return plain.some((group) => allowedGroups.includes(group)) ? null : 'group'
}
