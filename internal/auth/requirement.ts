/** Whether somebody meets a requirement: kinds of condition are AND, what stands in one list is OR, scopes are AND. */

import type { Requirement } from '../config/auth-types.ts'
import type { Identity } from './identity.ts'

/** Why somebody does not pass, for answers and for `fluxlit access`. */
export interface Unmet {
  /** The key that was not met. */
  readonly condition: keyof Requirement
  /** What would have been enough. */
  readonly wanted: readonly string[]
}

/** Null = all is met. */
export function unmetBy(identity: Identity, requirement: Requirement): Unmet | null {
  for (const condition of conditions) {
    const wanted = condition.wanted(requirement)
    if (wanted.length > 0 && !condition.holds(identity, requirement))
      return { condition: condition.key, wanted }
  }
  return null
}

/** Whether nothing is asked beyond being known. */
export function asksNothing(requirement: Requirement): boolean {
  return conditions.every(({ wanted }) => wanted(requirement).length === 0)
}

interface Condition {
  readonly key: keyof Requirement
  readonly wanted: (requirement: Requirement) => readonly string[]
  readonly holds: (identity: Identity, requirement: Requirement) => boolean
}

const conditions: readonly Condition[] = [
  {
    key: 'groups',
    wanted: ({ groups }) => groups,
    holds: (identity, { groups }) => groups.some((group) => identity.groups.includes(group)),
  },
  {
    key: 'roles',
    wanted: ({ roles }) => roles,
    holds: (identity, { roles }) => roles.some((role) => identity.roles.includes(role)),
  },
  {
    key: 'allRoles',
    wanted: ({ allRoles }) => allRoles,
    holds: (identity, { allRoles }) => allRoles.every((role) => identity.roles.includes(role)),
  },
  {
    key: 'emails',
    wanted: ({ emails }) => emails,
    holds: ({ email }, { emails }) => email !== null && emails.includes(email.toLowerCase()),
  },
  {
    key: 'emailDomains',
    wanted: ({ emailDomains }) => emailDomains,
    holds: ({ email }, { emailDomains }) => email !== null && emailDomains.includes(domainOf(email) ?? ''),
  },
  {
    key: 'scopes',
    wanted: ({ scopes }) => scopes,
    holds: (identity, requirement) =>
      isExempt(identity, requirement) || requirement.scopes.every((scope) => identity.scopes.includes(scope)),
  },
  {
    key: 'anyScope',
    wanted: ({ anyScope }) => anyScope,
    holds: (identity, requirement) =>
      isExempt(identity, requirement) ||
      requirement.anyScope.some((scope) => identity.scopes.includes(scope)),
  },
  {
    key: 'claims',
    wanted: ({ claims }) => claims.map(([name]) => name),
    holds: (identity, { claims }) =>
      claims.every(([name, values]) => hasClaim(identity.claims[name], values)),
  },
]

/**
 * A login is of the person, whose rights are groups and roles; a token is of a program, which got scopes. A page that was
 * opened with a token may no more than that.
 */
function isExempt({ via, bearer }: Identity, { scopeForSessions }: Requirement): boolean {
  return via !== 'jwt' && bearer === undefined && !scopeForSessions
}

/** Equal as a whole, or one element of a list; nothing is converted. */
function hasClaim(value: unknown, wanted: readonly string[]): boolean {
  if (typeof value === 'string') return wanted.includes(value)
  return (
    Array.isArray(value) && value.some((element) => typeof element === 'string' && wanted.includes(element))
  )
}

/** Domain of an address of the plainest form, in lower case; null for every other (`a@evil@company.com`). */
export function domainOf(email: string): string | null {
  return /^[^\s@"(),:;<>[\\\]]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)$/i.exec(email)?.[1]?.toLowerCase() ?? null
}
