/** The schema as a list of keys: for environment names, messages and the reference table. */

import * as z from 'zod'

import { keyNotes } from './scalars.ts'
import { configSchema } from './schema.ts'
import type { Path } from './tree.ts'

/** How a key's value is written. */
export type KeyType = 'text' | 'number' | 'boolean' | 'list' | 'table'

/** One key that may be written in the file. */
export interface Key {
  /** Path from the top; below `workers` the second element is the placeholder {@link anyName}. */
  readonly path: Path
  readonly type: KeyType
  readonly description: string
  /** Completes "must be ...". */
  readonly expects: string
  /** The default as written in a file; undefined when there is no fixed one. */
  readonly fallback: unknown
  /** What holds instead of a fixed default, in words. */
  readonly derived: string | undefined
  /** The words allowed, if only certain ones are. */
  readonly words: readonly string[] | undefined
}

/** Stands for any worker's name in {@link Key.path}. */
export const anyName = 'NAME'

/** Stands for any element of a list of tables in {@link Key.path}: `auth.rules.*.path`. */
export const anyElement = '*'

/** Every key of the schema, tables before their keys, in the order of the schema. */
export function allKeys(): readonly Key[] {
  return [...keysBelow(configSchema, [])]
}

function* keysBelow(schema: z.core.$ZodType, above: Path): Generator<Key> {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodObject) {
    for (const [name, child] of Object.entries(inner.shape)) {
      const path = [...above, name]
      yield describe(child, path)
      yield* keysBelow(child, path)
    }
  } else if (inner instanceof z.ZodRecord && above[0] === 'workers' && above.length === 1) {
    yield* keysBelow(inner.valueType, [...above, anyName])
  } else if (inner instanceof z.ZodArray && unwrapped(inner.element) instanceof z.ZodObject) {
    yield* keysBelow(inner.element, [...above, anyElement])
  }
}

function describe(schema: z.core.$ZodType, path: Path): Key {
  const note = keyNotes.get(schema)
  const inner = unwrapped(schema)
  return {
    path,
    type: typeOf(inner),
    description: z.globalRegistry.get(schema)?.description ?? '',
    expects: note?.expects ?? 'a table',
    fallback:
      schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
        ? schema.def.defaultValue
        : fallbackBehind(schema),
    derived: note?.derived,
    words: inner instanceof z.ZodEnum ? inner.options.map(String) : undefined,
  }
}

/** A default that is followed by a conversion (`log_level`). */
function fallbackBehind(schema: z.core.$ZodType): unknown {
  const first = schema instanceof z.ZodPipe ? schema.def.in : schema
  return first instanceof z.ZodDefault || first instanceof z.ZodPrefault ? first.def.defaultValue : undefined
}

/** The schema below defaults, optionality and conversions: what the writer writes. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let at = schema
  for (;;) {
    if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
      at = at.def.innerType
    else if (at instanceof z.ZodPipe) at = at.def.in
    else return at
  }
}

function typeOf(inner: z.core.$ZodType): KeyType {
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return 'table'
  if (inner instanceof z.ZodArray) return 'list'
  if (inner instanceof z.ZodNumber) return 'number'
  return inner instanceof z.ZodBoolean ? 'boolean' : 'text'
}

/** The key at a concrete path, or null when there is none; list elements and free tables give the key they are in. */
export function keyAt(path: readonly PropertyKey[]): Key | null {
  let at: z.core.$ZodType = configSchema
  let found: Key | null = null
  const walked: string[] = []
  for (const step of path.map(String)) {
    const inner = unwrapped(at)
    walked.push(step)
    if (inner instanceof z.ZodObject) {
      const child: z.core.$ZodType | undefined = Object.hasOwn(inner.shape, step)
        ? inner.shape[step]
        : undefined
      if (child === undefined) return null
      at = child
      found = describe(child, [...walked])
    } else if (inner instanceof z.ZodRecord && walked.length === 2 && walked[0] === 'workers') {
      at = inner.valueType
      found = { ...describe(at, [...walked]), expects: 'a table such as [workers.api]' }
    } else if (inner instanceof z.ZodArray && unwrapped(inner.element) instanceof z.ZodObject) {
      at = inner.element
      walked[walked.length - 1] = anyElement
      found = describe(at, [...walked])
    } else {
      return found
    }
  }
  return found
}

/** The names that may stand in the table at a path; empty for free tables and values. */
export function namesIn(path: readonly PropertyKey[]): readonly string[] {
  const prefix = (keyAt(path)?.path ?? path).map(String)
  if (prefix[0] === 'workers' && prefix.length >= 2) prefix[1] = anyName
  return allKeys()
    .filter((key) => key.path.length === prefix.length + 1 && prefix.every((step, i) => key.path[i] === step))
    .map((key) => key.path.at(-1) ?? '')
}

/** `FLUXLIT_` + path in upper case joined by `_`. Worker names hold no `_`, so no two paths share a name. */
export function environmentName(path: Path): string {
  return `FLUXLIT_${path.join('_').toUpperCase()}`
}

/** Whether a key has an environment name: `include` belongs to the file it stands in. */
export function isSettableKey(key: Key): boolean {
  return key.path[0] !== 'include' && !key.path.includes(anyElement)
}

/** Whether one of the keys stands in the table, or in a table of the list, that the other one names. */
export function isInside(key: Key, table: Key): boolean {
  const depth = table.path.length + (table.type === 'list' ? 1 : 0)
  return key.path.length === depth + 1 && table.path.every((step, i) => key.path[i] === step)
}

/** The header of a table as it is written: `[auth.jwt]`, `[[auth.rules]]`. */
export function headerOf({ path, type }: Key): string {
  return type === 'list' ? `[[${path.join('.')}]]` : `[${path.join('.')}]`
}
