/** `[[auth.rules]]`, `access` of workers and `[[auth.expect]]`; rules that mean something else than they say are problems. */

import { covers, literalPrefix, partsOf, wholePath } from '../route/path-pattern.ts'
import type * as z from 'zod'

import type { requirementKeys } from './auth-schema.ts'
import type { AccessRule, AssumedIdentity, Expectation, PathPattern, Requirement } from './auth-types.ts'
import type { AuthSettings } from './auth-schema.ts'
import type { RoutedWorker, WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import type { Path } from './tree.ts'

type RuleSettings = AuthSettings['rules'][number]
type ExpectationSettings = AuthSettings['expect'][number]

const table: Path = ['auth', 'rules']

/** Resolves the rules. */
export function resolveRules(
  context: ResolveContext,
  workers: readonly WorkerConfig[],
): readonly AccessRule[] {
  const rules = context.settings.auth.rules.map((settings, index) =>
    ruleOf(context, settings, [...table, String(index)]),
  )
  const known = rules.filter((rule) => rule !== null)
  for (const rule of known) checkPlace(context, rule, workers)
  reportDead(context, known)
  return known
}

/** Resolves `workers.NAME.access`. */
export function resolveAccess(
  context: ResolveContext,
  workers: readonly WorkerConfig[],
): Readonly<Record<string, Requirement>> {
  const routed = workers.filter((worker) => worker.kind !== 'process')
  return Object.fromEntries(
    routed.flatMap(({ name }) => {
      const access = context.settings.workers[name]?.access ?? {}
      return Object.keys(access).length === 0 ? [] : [[name, requirementOf(access)]]
    }),
  )
}

/** Resolves the tests of the rules. */
export function resolveExpectations(context: ResolveContext): readonly Expectation[] {
  return context.settings.auth.expect.map((settings, index) => ({
    where: context.origin(['auth', 'expect', String(index)]),
    as: assumedOf(settings.as),
    method: settings.method,
    path: settings.path,
    host: settings.host,
    allow: settings.allow,
  }))
}

function assumedOf(as: ExpectationSettings['as']): AssumedIdentity | null {
  if (as === undefined) return null
  return {
    via: as.via ?? 'session',
    subject: as.sub ?? as.email ?? 'nobody',
    email: as.email ?? null,
    groups: as.groups ?? [],
    roles: as.roles ?? [],
    scopes: as.scopes ?? [],
    claims: as.claims ?? {},
  }
}

function ruleOf(context: ResolveContext, settings: RuleSettings, at: Path): AccessRule | null {
  const where = context.origin(at)
  const path = patternOf(context, settings, at)
  if (path === null) return null
  const requires = requirementOf(settings)
  const asks = Object.values(requires).some((value) => Array.isArray(value) && value.length > 0)
  if (settings.allow !== 'authenticated' && asks)
    context.problems.push({
      code: 'rule_contradicts',
      message: `a rule says allow = "${settings.allow}" and asks for something besides`,
      where,
      hint: 'keep one of the two',
    })
  return {
    where,
    path,
    methods: settings.methods ?? [],
    allow: settings.allow,
    requires,
    onUnauthenticated: settings.on_unauthenticated,
  }
}

function patternOf(context: ResolveContext, settings: RuleSettings, at: Path): PathPattern | null {
  const { path, path_regex: regex } = settings
  const report = (message: string, hint: string, place = at): null => {
    context.problems.push({ code: 'bad_rule', message, where: context.origin(place), hint })
    return null
  }
  if (path !== undefined && regex !== undefined)
    return report('a rule has both `path` and `path_regex`', 'keep one of them')
  if (path !== undefined) {
    const { root_path: root } = context.settings
    if (root !== '' && (path === root || path.startsWith(`${root}/`)))
      return report(
        `the path of a rule begins with \`root_path\` (${root}), which rules do not see`,
        `write path = "${path.slice(root.length) || '/'}"`,
        [...at, 'path'],
      )
    return { kind: 'glob', text: path }
  }
  if (regex === undefined) return report('a rule names no path', 'write path = "/**" for every one')
  try {
    wholePath(regex)
    return { kind: 'regex', text: regex }
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    return report(
      `the expression of a rule is not valid: ${reason}`,
      'write it in the syntax of RE2, which knows no lookarounds and backreferences, or use `path`',
      [...at, 'path_regex'],
    )
  }
}

type RequirementSettings = Partial<z.output<z.ZodObject<typeof requirementKeys>>> &
  Partial<Pick<RuleSettings, 'all_roles' | 'scopes' | 'any_scope' | 'scope_for_sessions' | 'claims'>>

function requirementOf(settings: RequirementSettings): Requirement {
  return {
    groups: settings.groups ?? [],
    roles: settings.roles ?? [],
    allRoles: settings.all_roles ?? [],
    emails: (settings.emails ?? []).map((email) => email.toLowerCase()),
    emailDomains: (settings.email_domains ?? []).map((domain) => domain.toLowerCase().replace(/^@/, '')),
    scopes: settings.scopes ?? [],
    anyScope: settings.any_scope ?? [],
    scopeForSessions: settings.scope_for_sessions ?? false,
    claims: Object.entries(settings.claims ?? {}),
  }
}

/**
 * All pages of a Streamlit app share one socket, through which everything of it comes: a rule for one page would protect
 * nothing but the empty frame of it.
 */
function checkPlace(context: ResolveContext, rule: AccessRule, workers: readonly WorkerConfig[]): void {
  const prefix = literalPrefix(rule.path)
  const worker = workerAt(prefix, workers)
  if (worker?.kind !== 'streamlit' || coversMount(rule.path, worker.mount)) return
  context.problems.push({
    code: 'rule_below_streamlit',
    message: `the rule for ${rule.path.text} is about a part of the Streamlit app \`${worker.name}\`, whose pages share one socket: it would protect none of them`,
    where: rule.where,
    hint: `guard the app as a whole: [workers.${worker.name}] access = { groups = [...] }, or a rule for "${worker.mount === '/' ? '' : worker.mount}/**"`,
  })
}

function workerAt(prefix: readonly string[], workers: readonly WorkerConfig[]): RoutedWorker | null {
  const routed = workers.filter((worker) => worker.kind !== 'process')
  const holds = ({ mount }: RoutedWorker): boolean =>
    (mount === '/' ? [] : partsOf(mount)).every((part, index) => prefix[index] === part)
  return routed.filter(holds).toSorted((a, b) => b.mount.length - a.mount.length)[0] ?? null
}

function coversMount(path: PathPattern, mount: string): boolean {
  return covers(path, { kind: 'glob', text: mount === '/' ? '/**' : `${mount}/**` })
}

/** Rules behind one that is for all their paths and methods. */
function reportDead(context: ResolveContext, rules: readonly AccessRule[]): void {
  for (const [index, rule] of rules.entries()) {
    const before = rules.slice(0, index).find((other) => hides(other, rule))
    if (before === undefined) continue
    context.warnings.push({
      code: 'dead_rule',
      message: `the rule for ${rule.path.text} never decides: the one for ${before.path.text} (${before.where}) comes first`,
      where: rule.where,
      hint: 'put it above that one, or remove it',
    })
  }
}

function hides(before: AccessRule, rule: AccessRule): boolean {
  const all = before.methods.length === 0
  const every = rule.methods.length > 0 && rule.methods.every((method) => before.methods.includes(method))
  return (all || every) && covers(before.path, rule.path)
}
