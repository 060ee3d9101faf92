/** `[headers]` and the workers' own tables to one complete set of rules per route. */

import type { Config, FrameRule, HeaderRules, Hsts, WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import type { HeadersSettings, WorkerHeadersSettings } from './header-schema.ts'
import { valueHint } from './header-text.ts'
import { shownValue } from './secret.ts'
import type { Path } from './tree.ts'

/** A year: browsers build in nothing shorter (hstspreload.org). */
const preloadS = 365 * 86_400

/** Resolves the rules of every route; reports what contradicts itself, and what would not work. */
export function resolveHeaders(context: ResolveContext, workers: readonly WorkerConfig[]): Config['headers'] {
  const general = rulesOf(context, ['headers'], context.settings.headers, null)
  const rules = workers
    .filter((worker) => worker.kind !== 'process')
    .map(({ name }): readonly [string, HeaderRules] => {
      const own = context.settings.workers[name]?.headers ?? {}
      return [name, rulesOf(context, ['workers', name, 'headers'], own, general)]
    })
  const byName = Object.fromEntries(rules)
  for (const { kind, name } of workers) {
    const frames = byName[name]?.frames
    if (kind === 'streamlit' && frames !== undefined && shutsItselfOut(frames)) warnFrames(context, name)
  }
  warnPlain(context, [general, ...Object.values(byName)])
  return { general, workers: byName }
}

type Given = HeadersSettings | WorkerHeadersSettings

/** The rules of one table above those it adjusts. */
function rulesOf(context: ResolveContext, path: Path, given: Given, below: HeaderRules | null): HeaderRules {
  reportTable(context, path, given)
  checkValues(context, path, given)
  const set = Object.entries(given.set ?? {})
  const remove = given.remove ?? []
  const names = new Set(set.map(([name]) => name.toLowerCase()))
  const kept = (below?.set ?? []).filter(
    ([name]) => !names.has(name.toLowerCase()) && !remove.includes(name.toLowerCase()),
  )
  return {
    hsts: hstsOf(context, path, given, below?.hsts ?? null),
    contentTypeOptions: given.content_type_options ?? below?.contentTypeOptions ?? true,
    referrerPolicy: given.referrer_policy ?? below?.referrerPolicy ?? '',
    frames: framesOf(context, path, given, below?.frames ?? { kind: 'any' }),
    set: [...kept, ...set],
    remove: [...(below?.remove ?? []).filter((name) => !names.has(name)), ...remove],
  }
}

/** Fields of `set` one by one, as the variables of a worker are. */
function reportTable(context: ResolveContext, path: Path, given: Given): void {
  for (const [name, value] of Object.entries(given.set ?? {})) {
    const at = [...path, 'set', name]
    context.report(at, shownValue(name, value), context.origin(at))
  }
}

function hstsOf(context: ResolveContext, path: Path, given: Given, below: Hsts | null): Hsts | null {
  const maxAgeS = given.hsts ?? below?.maxAgeS ?? 0
  const includeSubdomains = given.hsts_include_subdomains ?? below?.includeSubdomains ?? false
  const preload = given.hsts_preload ?? below?.preload ?? false
  const problem = (key: string, message: string, hint: string): void => {
    context.problems.push({ code: 'bad_value', message, where: context.origin([...path, key]), hint })
  }
  const table = path.join('.')
  if (given.hsts_preload === true && (maxAgeS < preloadS || !includeSubdomains)) {
    const message = `\`${table}.hsts_preload\` needs \`hsts\` of a year and \`hsts_include_subdomains\``
    problem('hsts_preload', message, 'write hsts = "365d" and hsts_include_subdomains = true, or remove it')
  } else if (given.hsts_include_subdomains === true && maxAgeS === 0) {
    const message = `\`${table}.hsts_include_subdomains\` has no effect without \`hsts\``
    problem('hsts_include_subdomains', message, 'write hsts = "365d", or remove it')
  }
  return maxAgeS === 0 ? null : { maxAgeS, includeSubdomains, preload }
}

function framesOf(context: ResolveContext, path: Path, given: Given, below: FrameRule): FrameRule {
  const { frame_options: options, frame_ancestors: ancestors } = given
  if (options === undefined && ancestors === undefined) return below
  const sources = ancestors ?? []
  const table = path.join('.')
  if (options !== undefined && options !== '' && sources.length > 0) {
    const message = `\`${table}.frame_options\` and \`${table}.frame_ancestors\` are given together`
    contradiction(context, [...path, 'frame_ancestors'], message, 'keep frame_ancestors, it can say both')
  }
  if (sources.length > 1 && sources.includes("'none'")) {
    const message = `\`${table}.frame_ancestors\` says 'none' beside others`
    contradiction(context, [...path, 'frame_ancestors'], message, 'keep only "\'none\'", or remove it')
  }
  if (sources.length > 0) return { kind: 'ancestors', sources }
  if (options === 'deny') return { kind: 'options', value: 'DENY' }
  return options === 'sameorigin' ? { kind: 'options', value: 'SAMEORIGIN' } : { kind: 'any' }
}

function checkValues(context: ResolveContext, path: Path, given: Given): void {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(given.set ?? {})) {
    const lower = name.toLowerCase()
    const at = [...path, 'set', name]
    const hint = valueHint(lower, value)
    if (hint !== null) {
      const message = `\`${at.join('.')}\` has a value that does nothing good: ${JSON.stringify(value)}`
      context.problems.push({ code: 'bad_value', message, where: context.origin(at), hint })
    }
    if (fields.has(lower))
      contradiction(context, at, `\`${path.join('.')}.set\` names ${name} twice`, 'keep one')
    if (given.remove?.includes(lower) === true) {
      const message = `\`${path.join('.')}\` sets ${name} and removes it`
      contradiction(context, at, message, 'keep one; `set` replaces what the application says')
    }
    fields.set(lower, value)
  }
  const open = fields.get('access-control-allow-origin') === '*'
  if (open && fields.get('access-control-allow-credentials')?.toLowerCase() === 'true') {
    const message = `\`${path.join('.')}.set\` lets every site read answers with credentials, which browsers refuse`
    const hint = 'let the application answer such requests (CORSMiddleware of FastAPI)'
    contradiction(context, [...path, 'set'], message, hint)
  }
}

function contradiction(context: ResolveContext, at: Path, message: string, hint: string): void {
  context.problems.push({ code: 'conflicting_keys', message, where: context.origin(at), hint })
}

/** Streamlit shows custom components in frames of its own origin. */
function shutsItselfOut(rule: FrameRule): boolean {
  if (rule.kind === 'options') return rule.value === 'DENY'
  return rule.kind === 'ancestors' && !rule.sources.includes("'self'")
}

function warnFrames(context: ResolveContext, name: string): void {
  const tables: readonly Path[] = [['workers', name, 'headers'], ['headers']]
  const places = tables.flatMap((table) => [
    [...table, 'frame_ancestors'],
    [...table, 'frame_options'],
  ])
  const place = places.find((path) => context.merged.has(path)) ?? ['headers']
  context.warnings.push({
    code: 'frames_shut_out',
    message: `custom components of \`${name}\` will stay empty: Streamlit shows them in frames of its own host`,
    where: context.origin(place),
    hint: 'write frame_options = "sameorigin", or add "\'self\'" to frame_ancestors',
  })
}

/** Browsers ignore the field on plain HTTP (RFC 6797 8.1), and nothing here ever is anything else. */
function warnPlain(context: ResolveContext, rules: readonly HeaderRules[]): void {
  const { tls, public_base_url: base, trusted_proxies: proxies } = context.settings
  if (rules.every(({ hsts }) => hsts === null)) return
  if (tls.cert_file !== '' || base.startsWith('https:') || proxies.length > 0) return
  context.warnings.push({
    code: 'hsts_without_https',
    message: '`hsts` has no effect: nothing says that browsers come over https',
    where: context.origin(['headers', 'hsts']),
    hint: 'set [tls], or public_base_url = "https://...", or name the proxy that ends TLS in trusted_proxies',
  })
}
