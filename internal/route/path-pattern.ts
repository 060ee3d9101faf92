/** Which paths a rule is for. Segments are compared as they were decoded: once, letter for letter. */

import { RE2JS } from 're2js'

import type { PathPattern } from '../config/auth-types.ts'

/** Whether a path is meant; given below the root path, in segments. */
export type PathTest = (segments: readonly string[]) => boolean

/** Compiles a pattern. `*` is one segment or a part of one, `**` any number of them; a last `/` means nothing. */
export function compilePattern(pattern: PathPattern): PathTest {
  if (pattern.kind === 'regex') {
    const expression = wholePath(pattern.text)
    return (segments) => expression.matches(`/${segments.join('/')}`)
  }
  const parts = partsOf(pattern.text).map(compilePart)
  return (segments) => matches(parts, withoutLast(segments), 0, 0)
}

/**
 * The expression of `path_regex`, always for the whole path. Paths come from anybody, so it is read by an engine whose
 * time grows with the length of the path and never with the number of ways to match it (RE2).
 *
 * @throws Error with the reason when it is none, or one that no such engine can have: lookarounds, backreferences
 */
export function wholePath(text: string): Pick<RE2JS, 'matches'> {
  return RE2JS.compile(text)
}

/** The segments of a glob. */
export function partsOf(glob: string): readonly string[] {
  return withoutLast(glob.slice(1).split('/'))
}

/** Leading segments of a pattern that stand for themselves. */
export function literalPrefix({ kind, text }: PathPattern): readonly string[] {
  if (kind === 'regex') {
    const literal = /^\^?((?:[A-Za-z0-9_~/-]|\\[./-])*)/.exec(text)?.[1] ?? ''
    // What stands behind the last slash may go on in the part that varies.
    return literal.replaceAll('\\', '').split('/').slice(1, -1)
  }
  const parts = partsOf(text)
  const end = parts.findIndex((part) => part.includes('*'))
  return end === -1 ? parts : parts.slice(0, end)
}

/** Whether every path of `narrow` is one of `wide`; false also where that cannot be told. */
export function covers(wide: PathPattern, narrow: PathPattern): boolean {
  if (wide.kind === 'regex' || narrow.kind === 'regex')
    return (wide.kind === narrow.kind && wide.text === narrow.text) || wide.text === '/**'
  return partsCover(partsOf(wide.text), partsOf(narrow.text))
}

type Part = { readonly kind: 'many' } | { readonly kind: 'one'; readonly test: (segment: string) => boolean }

function compilePart(part: string): Part {
  if (part === '**') return { kind: 'many' }
  if (!part.includes('*')) return { kind: 'one', test: (segment) => segment === part }
  const pieces = part.split('*')
  return { kind: 'one', test: (segment) => fits(pieces, segment) }
}

/** Whether the pieces stand in the segment in this order, the first at its start and the last at its end. */
function fits(pieces: readonly string[], segment: string): boolean {
  const [first = '', ...rest] = pieces
  const last = rest.pop() ?? ''
  if (!segment.startsWith(first)) return false
  let at = first.length
  for (const piece of rest) {
    const found = segment.indexOf(piece, at)
    if (found === -1) return false
    at = found + piece.length
  }
  return segment.length - at >= last.length && segment.endsWith(last)
}

/** Two positions and one point to go back to: no pattern takes more than length times length steps. */
function matches(parts: readonly Part[], segments: readonly string[], from: number, start: number): boolean {
  let [part, at] = [from, start]
  let back: { part: number; at: number } | null = null
  for (;;) {
    const here = parts[part]
    if (here?.kind === 'many') {
      back = { part: part + 1, at }
      part += 1
    } else if (
      here === undefined ? at === segments.length : at < segments.length && here.test(segments[at] ?? '')
    ) {
      if (here === undefined) return true
      part += 1
      at += 1
    } else {
      if (back === null || back.at >= segments.length) return false
      back = { part: back.part, at: back.at + 1 }
      ;({ part, at } = back)
    }
  }
}

function partsCover(wide: readonly string[], narrow: readonly string[]): boolean {
  const [first, ...rest] = wide
  const [other, ...others] = narrow
  if (first === '**') return partsCover(rest, narrow) || (other !== undefined && partsCover(wide, others))
  if (first === undefined || other === undefined) return first === other
  if (other === '**') return false
  const pieces = first.split('*')
  const one =
    first === '*' || first === other || (!other.includes('*') && fits(pieces, other) && pieces.length > 1)
  return one && partsCover(rest, others)
}

function withoutLast(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments
}
