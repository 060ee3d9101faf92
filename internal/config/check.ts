/** Holds one layer against the schema: every mistake becomes a problem with its place, and is taken out. */

import type * as z from 'zod'

import type { Problem } from '../fault/startup.ts'
import { allKeys, keyAt, namesIn, type Key } from './keys.ts'
import { sharedLists } from './included-rules.ts'
import type { Layer } from './layer.ts'
import { nearest } from './nearest.ts'
import { configSchema } from './schema.ts'
import { looksSecret, redacted, shownArguments, shownText, shownValue } from './secret.ts'
import { dotted, isTree, removeAt, valueAt, type Path } from './tree.ts'

/** What was wrong in a layer. */
export interface Checked {
  readonly problems: readonly Problem[]
  /** Workers with a mistake: what is left of them is not judged further, one mistake should be one problem. */
  readonly broken: ReadonlySet<string>
}

/** Checks a layer and leaves in it only what is right. */
export function checkLayer(layer: Layer): Checked {
  const result = configSchema.safeParse(layer.value)
  if (result.success) return { problems: [], broken: new Set() }
  const problems: Problem[] = []
  const wrong: Path[] = []
  for (const issue of result.error.issues) {
    const paths = pathsOf(issue)
    wrong.push(...paths.map((path) => upToList(layer, path)))
    // Several limits broken by one value, or several bad elements that read the same, are one mistake.
    for (const path of paths) {
      const problem = problemOf(issue, path, layer)
      if (!problems.some((known) => known.message === problem.message && known.where === problem.where))
        problems.push(problem)
    }
  }
  const broken = new Set(wrong.filter((path) => path[0] === 'workers').map((path) => path[1] ?? ''))
  for (const path of wrong) removeAt(layer.value, path)
  return { problems, broken }
}

function pathsOf(issue: z.core.$ZodIssue): readonly Path[] {
  const path = issue.path.map(String)
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

/** One bad element spoils its list. */
function upToList(layer: Layer, path: Path): Path {
  for (let depth = 1; depth < path.length; depth++) {
    if (Array.isArray(valueAt(layer.value, path.slice(0, depth)))) return path.slice(0, depth)
  }
  return path
}

/** The value to name: a list as a whole, but of a list of tables the key in its table. */
function named(layer: Layer, path: Path): Path {
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth)
    if (Array.isArray(valueAt(layer.value, above)) && namesIn([...above, '0']).length === 0) return above
  }
  return path
}

/** `auth.rules[0].groups`. */
function shownPath(path: Path): string {
  return dotted(path).replace(/\.([0-9]+)(?=\.|$)/g, '[$1]')
}

function problemOf(issue: z.core.$ZodIssue, path: Path, layer: Layer): Problem {
  const where = layer.origin(path)
  if (issue.code === 'unrecognized_keys') return { ...unknownKey(path), where }
  if (issue.code === 'invalid_key') return { ...badName(issue, path), where }
  const key = keyAt(path)
  const found = valueAt(layer.value, path)
  const whole = named(layer, path)
  // Below a free table (`env`) the key is the table; its values are texts.
  const expects =
    whole.length === path.length && key !== null && key.path.length < path.length ? 'a text' : key?.expects
  const inside = whole.length < path.length ? ' in it' : ''
  const message = `\`${shownPath(whole)}\` must be ${expects ?? 'different'}, found ${shown(path, found)}${inside}`
  const hint = hintFor(issue, key, layer, found)
  const code = issue.code === 'invalid_type' ? 'wrong_type' : 'bad_value'
  return { code, message, where, ...(hint === '' ? {} : { hint }) }
}

function hintFor(issue: z.core.$ZodIssue, key: Key | null, layer: Layer, found: unknown): string {
  if (issue.code === 'custom') return issue.message
  if (issue.code === 'invalid_value' && typeof found === 'string') {
    const near = nearest(found, key?.words ?? [])
    return near === null ? '' : `did you mean "${near}"?`
  }
  if (issue.code !== 'invalid_type' || key === null) return ''
  if (layer.kind === 'environment')
    return key.type === 'list' || key.type === 'table' ? 'write it as JSON' : ''
  if (key.type === 'list' && typeof found === 'string') return `write ${suggestedList(key, found)}`
  if (key.type === 'number' && typeof found === 'string' && /^[0-9]+$/.test(found))
    return `write ${found} without quotes`
  if (key.type === 'boolean' && typeof found === 'string' && /^(true|false)$/i.test(found))
    return `write ${found.toLowerCase()} without quotes`
  return quoteHint(key, found)
}

/** For values that only lack their quotes, and perhaps a unit. */
function quoteHint(key: Key, found: unknown): string {
  if (typeof found !== 'number' && typeof found !== 'boolean') return ''
  if (key.type !== 'text') return key.path.at(-1) === 'env' ? 'write it in quotes' : ''
  if (key.expects.startsWith('a duration')) return `write "${found}s"`
  return key.expects.startsWith('a size') ? `write "${found}B"` : 'write it in quotes'
}

/** A command given as one text is split at its spaces, any other list gets one element. */
function suggestedList(key: Key, found: string): string {
  const words = ['command', 'args'].includes(key.path.at(-1) ?? '') ? found.trim().split(/\s+/) : [found]
  return `[${shownArguments(words)
    .map((word) => JSON.stringify(word))
    .join(', ')}]`
}

function unknownKey(path: Path): Problem {
  const name = path.at(-1) ?? ''
  const above = path.slice(0, -1)
  const message = `unknown key \`${name}\`${above.length === 0 ? '' : ` in [${shownPath(above)}]`}`
  const known = namesIn(above)
  const near = nearest(name, known)
  if (near !== null) return { code: 'unknown_key', message, hint: `did you mean \`${near}\`?` }
  const home = allKeys().find((key) => key.path.at(-1) === name && key.path.length !== path.length)
  if (home !== undefined) return { code: 'unknown_key', message, hint: homeHint(home) }
  return { code: 'unknown_key', message, hint: `keys here: ${known.join(', ')}` }
}

function homeHint(home: Key): string {
  const name = home.path.at(-1) ?? ''
  const table = home.path.slice(0, -1)
  return table.length === 0
    ? `\`${name}\` belongs at the top, before the first table`
    : `\`${name}\` belongs in [${table.join('.')}]`
}

function badName(issue: z.core.$ZodIssueInvalidKey, path: Path): Problem {
  if (path[0] !== 'workers' || path.length !== 2) {
    const message = `\`${dotted(path.slice(0, -1))}\` has a name that cannot be used: ${JSON.stringify(path.at(-1))}`
    const [reason] = issue.issues
    return { code: 'bad_value', message, ...(reason?.code === 'custom' ? { hint: reason.message } : {}) }
  }
  const message = `a worker cannot be named ${JSON.stringify(path[1])}; names are lower-case letters and digits, a letter first`
  const hint = issue.issues[0]?.message ?? ''
  return { code: 'bad_name', message, ...(hint === '' ? {} : { hint }) }
}

/** A value as messages show it; variables of workers may be secrets. */
function shown(path: Path, value: unknown): string {
  if (typeof value === 'string') {
    const safe = path[2] === 'env' ? redacted : shownText(shownValue(path.at(-1) ?? '', value))
    return safe === redacted ? redacted : JSON.stringify(safe.length > 60 ? `${safe.slice(0, 57)}...` : safe)
  }
  const isVariable = path[2] === 'env' && path.length > 3
  if ((isVariable || looksSecret(path.at(-1) ?? '')) && typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value instanceof Date) return 'a date'
  return isTree(value) ? 'a table' : String(value)
}

/** Keys allowed in included files. */
const includable = new Set(['include', 'workers', ...sharedLists.map((name) => `auth.${name}`)])

/** Reports and takes out the keys that an included file may not set. */
export function checkIncluded(layer: Layer): readonly Problem[] {
  const { auth } = layer.value
  const paths: readonly Path[] = [
    ...Object.keys(layer.value).flatMap((name) => (name === 'auth' && isTree(auth) ? [] : [[name]])),
    ...(isTree(auth) ? Object.keys(auth).map((name) => ['auth', name]) : []),
  ]
  const refused = paths.filter((path) => !includable.has(path.join('.')) && keyAt(path) !== null)
  return refused.map((path) => {
    const name = dotted(path)
    const where = layer.origin(path)
    removeAt(layer.value, path)
    return {
      code: 'not_in_include',
      message: `\`${name}\` cannot be set in an included file, only workers and rules can`,
      where,
      hint: `move \`${name}\` to the file that includes this one, or give this one with -c`,
    }
  })
}
