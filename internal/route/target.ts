/**
 * From a request target to the path that routing and authorisation look at: percent-decoded once, as the
 * workers do, and refused where software could read it in two ways (RFC 9112 3.2, RFC 3986 2, 3.3).
 */

import { failure, type Failure } from '../fault/failure.ts'

/** A request target that names a path. */
export interface PathTarget {
  readonly kind: 'path'
  /** The path as sent, starting with `/`; forwarded byte for byte. */
  readonly raw: string
  /** `''` or `?...` as sent. */
  readonly query: string
  /** Segments as text between slashes, each decoded: `/a%2fb/c` is `['a/b', 'c']`. */
  readonly segments: readonly string[]
  /** Other ways to read the same bytes; routing must agree on all of them. Empty for ordinary paths. */
  readonly alternatives: readonly (readonly string[])[]
}

/** `OPTIONS *`: about the server as a whole. */
export interface ServerTarget {
  readonly kind: 'server'
}

/** What an absolute-form target must agree with. */
export interface TargetContext {
  readonly method: string
  readonly host: string | null
  readonly scheme: 'http' | 'https'
}

// Anything that could make two readers disagree; everything else takes the short way.
const unusual = /[%\\#]|\/\/|\/\.|[^\x21-\x7e]/

/** Reads a request target. */
export function readTarget(target: string, context: TargetContext): PathTarget | ServerTarget | Failure {
  if (target === '*') return context.method === 'OPTIONS' ? { kind: 'server' } : failure('bad_target')
  const origin = target.startsWith('/') ? target : originForm(target, context)
  if (origin === null) return failure('bad_target')
  const mark = origin.indexOf('?')
  const raw = mark === -1 ? origin : origin.slice(0, mark)
  const query = mark === -1 ? '' : origin.slice(mark)
  if (/#|[^\x21-\x7e]/.test(query)) return failure('bad_target')
  if (!unusual.test(raw)) {
    return { kind: 'path', raw, query, segments: raw.slice(1).split('/'), alternatives: [] }
  }
  return readUnusual(raw, query)
}

/** The path of an absolute-form target, when scheme and authority are the ones the client already named. */
function originForm(target: string, { host, scheme }: TargetContext): string | null {
  const match = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(target)
  if (match === null || host === null) return null
  const [, itsScheme = '', authority = '', rest = ''] = match
  if (itsScheme.toLowerCase() !== scheme || authority.toLowerCase() !== host.toLowerCase()) return null
  return rest.startsWith('/') ? rest : `/${rest}`
}

function readUnusual(raw: string, query: string): PathTarget | Failure {
  if (/[\\#]|[^\x21-\x7e]/.test(raw)) return failure('bad_target')
  const segments: string[] = []
  for (const part of raw.slice(1).split('/')) {
    const decoded = decodeOnce(part)
    if (decoded === null) return failure('bad_target')
    segments.push(decoded)
  }
  const split = segments.flatMap((segment) => segment.split(/[/\\]/))
  if (split.some((segment) => segment === '.' || segment === '..')) return failure('ambiguous_path')
  return { kind: 'path', raw, query, segments, alternatives: otherReadings(segments, split) }
}

/** `%2f` and `%5c` as separators, `//` merged, and both. */
function otherReadings(
  segments: readonly string[],
  split: readonly string[],
): readonly (readonly string[])[] {
  const readings: (readonly string[])[] = []
  if (split.length !== segments.length) readings.push(split)
  if (segments.slice(0, -1).includes('')) readings.push(merge(segments))
  if (split.length !== segments.length && split.slice(0, -1).includes('')) readings.push(merge(split))
  return readings
}

/** Empty segments removed except the last one, which is a trailing slash. */
function merge(segments: readonly string[]): readonly string[] {
  return segments.filter((segment, index) => segment !== '' || index === segments.length - 1)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** One segment, percent-decoded once; null for bad escapes, invalid UTF-8 and control bytes. */
function decodeOnce(part: string): string | null {
  if (!part.includes('%')) return part
  if (/%(?![0-9A-Fa-f]{2})/.test(part)) return null
  const bytes = Buffer.from(
    part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  try {
    const text = utf8.decode(bytes)
    return /[\x00-\x1f\x7f]/.test(text) ? null : text
  } catch {
    return null
  }
}
