/** Somebody as a command line describes them. */

import { identityOf, type Identity } from '../auth/identity.ts'
import { identityFromClaims } from '../auth/jwt/claims.ts'
import type { Config } from '../config/config.ts'

/** What is said about them. */
export interface Described {
  readonly email: string | null
  /** Claims of a token. */
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
}

/** Whom the rules would see: claims are read as a token's with `[auth.jwt]`; null when nobody is described. */
export function describeToken(config: Config, described: Described): Identity | null {
  const { email, claims, groups, roles, scopes } = described
  if (claims !== null) {
    const read = identityFromClaims(claims, config.auth?.jwt ?? usualClaimNames)
    return { ...read, groups: [...read.groups, ...groups], roles: [...read.roles, ...roles] }
  }
  return email === null ? null : identityOf({ via: 'oidc', subject: email, email, groups, roles, scopes })
}

const usualClaimNames = {
  userClaim: 'sub',
  scopeClaim: 'scope',
  rolesClaim: 'roles',
  groupsClaim: 'groups',
  trustUnverifiedEmail: false,
}
