/** The rule a request falls under: the first whose path and method are the request's. */

import type { AccessRule, AuthConfig, Requirement } from '../config/auth-types.ts'
import { compilePattern, type PathTest } from '../route/path-pattern.ts'

/** What holds for a request. */
export interface Verdict {
  readonly allow: AccessRule['allow']
  readonly requires: Requirement
  readonly onUnauthenticated: AccessRule['onUnauthenticated']
  /** Where the rule stands; `auth.default` when there is none. */
  readonly where: string
}

/** Finds the verdict for one reading of a path. */
export type RuleTable = (segments: readonly string[], method: string) => Verdict

/** Asks nothing. */
export const noRequirement: Requirement = {
  groups: [],
  roles: [],
  allRoles: [],
  emails: [],
  emailDomains: [],
  scopes: [],
  anyScope: [],
  scopeForSessions: false,
  claims: [],
}

/** Compiles the rules. */
export function compileRules({ rules, default: fallback }: Pick<AuthConfig, 'rules' | 'default'>): RuleTable {
  const compiled = rules.map(compileRule)
  const otherwise: Verdict = {
    allow: fallback,
    requires: noRequirement,
    onUnauthenticated: 'auto',
    where: 'auth.default',
  }
  return (segments, method) =>
    compiled.find(({ path, methods }) => (methods === null || methods.has(method)) && path(segments))
      ?.verdict ?? otherwise
}

interface CompiledRule {
  readonly path: PathTest
  readonly methods: ReadonlySet<string> | null
  readonly verdict: Verdict
}

function compileRule(rule: AccessRule): CompiledRule {
  return {
    path: compilePattern(rule.path),
    methods: rule.methods.length === 0 ? null : new Set(withHead(rule.methods)),
    verdict: rule,
  }
}

/** HEAD is GET without its body: whoever forbids or allows one means the other. */
function withHead(methods: readonly string[]): readonly string[] {
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods
}
