/** `FLUXLIT_*` variables as layers: new names, old names, and names that mean nothing. */

import type { Problem } from '../fault/startup.ts'
import { isAppSetting } from './app-settings.ts'
import type { Origin } from './config.ts'
import { allKeys, anyName, environmentName, isSettableKey, namesIn, type Key } from './keys.ts'
import type { Layer } from './layer.ts'
import { legacyNames, platformBaseUrl, type LegacyRule } from './legacy.ts'
import { nearest } from './nearest.ts'
import { emptyTree, pathKey, putAt, type Path } from './tree.ts'

/** One variable and where it was set. */
export interface Variable {
  readonly name: string
  readonly value: string
  readonly origin: Origin
}

/** What a set of variables contributes. */
export interface EnvironmentLayers {
  /** Below every file. */
  readonly fallback: Layer
  /** Above every file, in rising order. */
  readonly above: readonly [legacy: Layer, named: Layer]
  readonly warnings: readonly Problem[]
  /** Of variables that mean something only to an application object; there is nothing to warn of with a `target`. */
  readonly appWarnings: readonly Problem[]
}

/** Set by the gateway for its own children, or read elsewhere. */
const ownNames = new Set([
  'FLUXLIT_INTERNAL_API_BASE',
  'FLUXLIT_ROLE',
  'FLUXLIT_INSTANCE',
  'FLUXLIT_API_PREFIX',
  'FLUXLIT_ASSERTION_JWKS',
  'FLUXLIT_SIGN_IN_PATH',
])

type Meaning =
  | { readonly kind: 'key'; readonly path: Path; readonly key: Key }
  | { readonly kind: 'legacy'; readonly rule: LegacyRule }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unknown' }

/**
 * Sorts variables into layers. Nothing here is an error: a wrong value is found by the schema, an unknown name
 * is a warning, because the environment is shared with others.
 *
 * @param directory absolute base for a relative `root`
 */
export function readEnvironment(variables: readonly Variable[], directory: string): EnvironmentLayers {
  const fallback = startLayer(directory)
  const legacy = startLayer(directory)
  const named = startLayer(directory)
  const warnings: Problem[] = []
  const appWarnings: Problem[] = []
  const found: { path: Path; key: Key; variable: Variable }[] = []
  for (const variable of variables) {
    const meaning = meaningOf(variable)
    if (meaning.kind === 'key') found.push({ ...meaning, variable })
    if (meaning.kind === 'legacy') {
      const said = applyLegacy(meaning.rule, variable, fallback, legacy)
      if (isAppSetting(variable)) appWarnings.push(...said)
      else warnings.push(...said)
    }
    if (meaning.kind === 'unknown') warnings.push(unknownVariable(variable))
  }
  // Tables given as JSON first, so that a variable for one key counts more than one for its whole table.
  for (const { path, key, variable } of found.toSorted((a, b) => a.path.length - b.path.length)) {
    if (variable.value.trim() === '' && key.type !== 'text') continue
    named.put(path, fromText(key, variable.value), variable.origin)
  }
  return { fallback, above: [legacy, named], warnings, appWarnings }
}

/** A layer that is filled value by value. */
export interface FillingLayer extends Layer {
  put(path: Path, value: unknown, origin: Origin): void
}

/** An empty layer to be filled. */
export function startLayer(directory: string, kind: Layer['kind'] = 'environment'): FillingLayer {
  const value = emptyTree()
  const origins = new Map<string, Origin>()
  return {
    kind,
    value,
    directory,
    put(path, given, origin) {
      putAt(value, path, given)
      origins.set(pathKey(path), origin)
    },
    origin(path) {
      for (let depth = path.length; depth > 0; depth--) {
        const origin = origins.get(pathKey(path.slice(0, depth)))
        if (origin !== undefined) return origin
      }
      // A table that was only made on the way to a value: whoever gave the first value below it.
      const prefix = `${pathKey(path)}\0`
      for (const [key, origin] of origins) if (key.startsWith(prefix)) return origin
      return kind
    },
  }
}

/** Text of a variable or a flag as the raw value the schema expects; what does not fit stays text and is refused there. */
export function fromText(key: Key, text: string): unknown {
  const trimmed = text.trim()
  if (key.type === 'number') return /^-?[0-9]+$/.test(trimmed) ? Number(trimmed) : text
  if (key.type === 'boolean') {
    if (/^(1|true|yes|on)$/i.test(trimmed)) return true
    return /^(0|false|no|off)$/i.test(trimmed) ? false : text
  }
  if (key.type === 'table' || (key.type === 'list' && trimmed.startsWith('['))) return fromJson(text)
  if (key.type === 'list')
    return trimmed
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  return key.words !== undefined && key.words.includes(trimmed.toLowerCase()) ? trimmed.toLowerCase() : text
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function meaningOf({ name, value }: Variable): Meaning {
  if (name === platformBaseUrl) {
    const rule: LegacyRule = {
      kind: 'fills',
      path: ['public_base_url'],
      rank: 'fallback',
      convert: (text) => ({ kind: 'ok', value: text }),
    }
    return { kind: 'legacy', rule }
  }
  if (!name.startsWith('FLUXLIT_') || ownNames.has(name) || isServiceLink(name, value))
    return { kind: 'ignored' }
  const key = keyOfName(name)
  if (key !== null) return { kind: 'key', ...key }
  const legacy = legacyNames[name.slice('FLUXLIT_'.length)]
  return legacy === undefined ? { kind: 'unknown' } : { kind: 'legacy', rule: legacy }
}

/** Kubernetes sets these for every service whose name begins with `fluxlit`. */
function isServiceLink(name: string, value: string): boolean {
  if (/_PORT(_[0-9]+_(TCP|UDP|SCTP))?$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value)) return true
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(name) ||
    name.startsWith('FLUXLIT_SERVICE_') ||
    /_PORT_[0-9]+_(TCP|UDP|SCTP)_(ADDR|PORT|PROTO)$/.test(name) ||
    name.startsWith('FLUXLIT_PORT_')
  )
}

function keyOfName(name: string): { path: Path; key: Key } | null {
  const worker = /^FLUXLIT_WORKERS_([A-Z][A-Z0-9]*)(?:_(\w+))?$/.exec(name)
  const wanted =
    worker === null
      ? name
      : environmentName(['workers', anyName, ...(worker[2] === undefined ? [] : [worker[2]])])
  if (worker !== null && worker[2] === undefined)
    return { path: ['workers', lower(worker[1])], key: workerTable() }
  const key = allKeys().find((each) => isSettableKey(each) && environmentName(each.path) === wanted)
  if (key === undefined) return null
  return { path: key.path.map((step) => (step === anyName ? lower(worker?.[1]) : step)), key }
}

function lower(text: string | undefined): string {
  return (text ?? '').toLowerCase()
}

function workerTable(): Key {
  return {
    path: ['workers', anyName],
    type: 'table',
    description: '',
    expects: 'a table',
    fallback: undefined,
    derived: undefined,
    words: undefined,
  }
}

function applyLegacy(
  rule: LegacyRule,
  variable: Variable,
  fallback: FillingLayer,
  above: FillingLayer,
): readonly Problem[] {
  if (rule.kind === 'meaningless') return [legacyWarning(variable, 'has no effect here', rule.hint)]
  if (variable.value.trim() === '') return []
  const converted = rule.convert(variable.value)
  if (converted.kind === 'bad') return [legacyWarning(variable, 'is ignored', converted.hint)]
  const layer = rule.rank === 'fallback' ? fallback : above
  layer.put(rule.path, converted.value, variable.origin)
  return []
}

function legacyWarning(variable: Variable, state: string, hint: string): Problem {
  return { code: 'legacy_variable', message: `${variable.name} ${state}`, where: variable.origin, hint }
}

function unknownVariable(variable: Variable): Problem {
  const near = nearest(variable.name, namesLike(variable.name))
  return {
    code: 'unknown_variable',
    message: `${variable.name} is not a variable of the gateway and has no effect`,
    where: variable.origin,
    hint: near === null ? 'docs/configuration.md lists every name' : `did you mean ${near}?`,
  }
}

function namesLike(name: string): readonly string[] {
  const worker = /^(FLUXLIT_WORKERS_[A-Z][A-Z0-9]*)_/.exec(name)?.[1]
  if (worker !== undefined)
    return namesIn(['workers', anyName]).map((key) => `${worker}_${key.toUpperCase()}`)
  return allKeys()
    .filter((key) => isSettableKey(key) && !key.path.includes(anyName))
    .map((key) => environmentName(key.path))
}
