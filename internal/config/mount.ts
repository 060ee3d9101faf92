/** URL prefixes: mounts and the public root path. */

import { bad, ok, type Parsed } from './parsed.ts'

/** Reserved for the gateway itself. */
const reserved = '__fluxlit'

/**
 * Reads a mount: `/` or `/api`, with a leading and without a trailing slash. Only plain characters are allowed,
 * so that a mount has exactly one reading, in the browser, in an outer proxy and here.
 */
export function parseMount(text: string): Parsed<string> {
  const segments = text.replace(/^\//, '').replace(/\/$/, '').split('/')
  if (segments.length === 1 && segments[0] === '') return ok('/')
  if (segments[0] === reserved) return bad(`/${reserved} is the gateway's own; choose another prefix`)
  for (const segment of segments) {
    if (segment === '') return bad('write single slashes')
    if (segment === '.' || segment === '..') return bad('write the prefix without "." and ".."')
    if (segment.includes('%')) return bad('write the prefix without percent-encoded characters')
    if (!/^[A-Za-z0-9._~-]+$/.test(segment)) return bad('use letters, digits and . _ ~ - between the slashes')
  }
  return ok(`/${segments.join('/')}`)
}

/** Reads the public root path: like a mount, but none is `''`. */
export function parseRootPath(text: string): Parsed<string> {
  const mount = parseMount(text)
  return mount.kind === 'ok' && mount.value === '/' ? ok('') : mount
}

/** Reads the path of a probe as the worker sees it: starts with a slash, may carry a query. */
export function parseProbePath(text: string): Parsed<string> {
  if (!text.startsWith('/')) return bad(`write "/${text}"`)
  return /^[\x21-\x7e]+$/.test(text) && !text.includes('#')
    ? ok(text)
    : bad('percent-encode spaces and other signs')
}
