/** Building blocks of the schema: one function per kind of value, each with its description and what it expects. */

import * as z from 'zod'

import { durationPattern, parseDuration } from './duration.ts'
import type { Parsed } from './parsed.ts'
import { parseSize, sizePattern } from './size.ts'

/** What the schema knows about a key besides its type. */
export interface KeyNote {
  /** Completes "must be ...": `a whole number from 0 to 65535`. */
  readonly expects: string
  /** The default in words, where it depends on other values. */
  readonly derived?: string
}

/** Notes of every key's schema, for messages and the reference table. */
export const keyNotes = z.registry<KeyNote>()

/** Attaches description and note; must be the last call on a schema (both are bound to the object). */
export function noted<S extends z.ZodType>(schema: S, description: string, note: KeyNote): S {
  const described = schema.describe(description)
  keyNotes.add(described, note)
  return described
}

/**
 * Text read by one of the room's parsers. Its hint travels as the message of a `custom` issue; the pattern is
 * for the JSON Schema only, the parser decides.
 */
export function readText<T>(parse: (text: string) => Parsed<T>, pattern?: string) {
  const text = pattern === undefined ? z.string() : z.string().meta({ pattern })
  return text.transform((value, context): T => {
    const parsed = parse(value)
    if (parsed.kind === 'ok') return parsed.value
    context.issues.push({ code: 'custom', input: value, message: parsed.hint })
    return z.NEVER
  })
}

/** A duration whose zero turns it off. */
export function duration(fallback: string, description: string) {
  return noted(readText(parseDuration, durationPattern).prefault(fallback), description, {
    expects: 'a duration such as "30s", "500ms" or "5m" ("0s" = off)',
  })
}

/** A duration that has to be above zero. */
export function positiveDuration(fallback: string, description: string) {
  const read = readText((text) => parseDuration(text, 1), durationPattern)
  return noted(read.prefault(fallback), description, {
    expects: 'a duration above zero such as "30s" or "500ms"',
  })
}

/** A size in bytes, at least `least`. */
export function size(fallback: string, least: number, description: string) {
  const read = readText((text) => parseSize(text, least), sizePattern)
  return noted(read.prefault(fallback), description, { expects: sizeExpectation })
}

/** What every size key expects. */
export const sizeExpectation = 'a size such as "200MiB", "64KiB" or "512B"'

/** A whole number in a range. */
export function integer(fallback: number, least: number, most: number, description: string) {
  return noted(z.int().min(least).max(most).default(fallback), description, {
    expects: `a whole number from ${least} to ${most}`,
  })
}

/** true or false. */
export function flag(fallback: boolean, description: string) {
  return noted(z.boolean().default(fallback), description, { expects: 'true or false' })
}

/** One of a few words. */
export function choice<const V extends readonly [string, ...string[]]>(
  values: V,
  fallback: V[number],
  description: string,
) {
  return noted(z.enum(values).prefault(fallback), description, { expects: wordsOf(values) })
}

/** `"a", "b" or "c"`. */
export function wordsOf(values: readonly string[]): string {
  const quoted = values.map((value) => JSON.stringify(value))
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** Text with a default. */
export function textWith<T>(
  parse: (text: string) => Parsed<T>,
  fallback: string,
  description: string,
  expects: string,
) {
  return noted(readText(parse).prefault(fallback), description, { expects })
}

/** A list of texts, empty by default. */
export function list<T>(parse: (text: string) => Parsed<T>, description: string, expects: string) {
  return noted(z.array(readText(parse)).prefault([]), description, { expects })
}

/** Marks a key without a fixed default; `derived` says what holds instead. */
export function optional<S extends z.ZodType>(
  schema: S,
  description: string,
  expects: string,
  derived: string,
) {
  return noted(schema.optional(), description, { expects, derived })
}
