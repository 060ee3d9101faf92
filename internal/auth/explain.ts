/** Why somebody may do something or not, in words: the same rules as for a request, without one. */

import type { AssumedIdentity, AuthConfig } from '../config/auth-types.ts'
import { identityOf, type Identity } from './identity.ts'
import { asksNothing, unmetBy, type Unmet } from './requirement.ts'
import { compileRules, noRequirement, type RuleTable } from './rules.ts'

/** What is asked for. */
export interface Question {
  /** Null = nobody is signed in. */
  readonly as: Identity | null
  readonly method: string
  /** The path below the root path, as segments. */
  readonly segments: readonly string[]
  /** Name of the worker that has it; null = none has. */
  readonly worker: string | null
}

/** The answer, and how it came about. */
export interface Explanation {
  readonly allowed: boolean
  /** One sentence each. */
  readonly steps: readonly string[]
}

/** Compiles the rules for questions. */
export function compileExplain(
  auth: Pick<AuthConfig, 'rules' | 'default' | 'access'>,
): (question: Question) => Explanation {
  const rules = compileRules(auth)
  return (question) => explain(question, rules, auth)
}

/** An identity as a configuration or a command line writes it. */
export function assumedIdentity(as: AssumedIdentity): Identity {
  return identityOf({
    via: as.via === 'bearer' ? 'jwt' : 'oidc',
    subject: as.subject,
    email: as.email,
    groups: as.groups,
    roles: as.roles,
    scopes: as.scopes,
    claims: as.claims,
  })
}

function explain(
  { as, method, segments, worker }: Question,
  rules: RuleTable,
  { access }: Pick<AuthConfig, 'access'>,
): Explanation {
  if (worker === null) return { allowed: false, steps: ['no worker has this address: 404'] }
  const verdict = rules(segments, method)
  const own = access[worker] ?? noRequirement
  const which =
    verdict.where === 'auth.default'
      ? 'no rule matches, auth.default decides'
      : `the rule at ${verdict.where} decides`
  const steps = [`worker \`${worker}\``, `${which}: ${verdict.allow}`]
  const end = (allowed: boolean, step: string): Explanation => ({ allowed, steps: [...steps, step] })
  if (verdict.allow === 'deny') return end(false, 'nobody may: 403')
  if (verdict.allow === 'public' && asksNothing(own)) return end(true, 'everybody may, nobody is asked')
  if (as === null) return end(false, 'nobody is signed in: 401, or the login for people who look at a page')
  const byRule = unmetBy(as, verdict.requires)
  if (byRule !== null) return end(false, `the rule asks for ${sentenceOf(byRule)}: 403`)
  const byAccess = unmetBy(as, own)
  if (byAccess !== null) return end(false, `workers.${worker}.access asks for ${sentenceOf(byAccess)}: 403`)
  return end(true, 'all that is asked for is met')
}

const names: Readonly<Record<keyof AuthConfig['rules'][number]['requires'], string>> = {
  groups: 'one of the groups',
  roles: 'one of the roles',
  allRoles: 'all of the roles',
  emails: 'one of the addresses',
  emailDomains: 'an address in one of the domains',
  scopes: 'all of the scopes',
  anyScope: 'one of the scopes',
  scopeForSessions: 'scopes',
  claims: 'the claims',
}

function sentenceOf({ condition, wanted }: Unmet): string {
  return `${names[condition]} ${wanted.join(', ')}`
}
