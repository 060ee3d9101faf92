/** Texts of `[auth]`: issuers, addresses of keys, paths of rules, names of headers. */

import { isPerHop } from '../exchange/names.ts'
import { isLoopback } from './network.ts'
import { bad, ok, type Parsed } from './parsed.ts'

/** Reads an issuer: kept as written, because tokens name it letter for letter. Any name will do (RFC 7519 4.1.1). */
export function parseIssuer(text: string): Parsed<string> {
  return text === '' || text.length > 1_000 || /[\0-\x1f\x7f]/.test(text)
    ? bad('write the text of `iss`')
    : ok(text)
}

/** Reads an issuer whose keys are found through it: an address (OpenID Connect Discovery 1.0, 3). */
export function parseDiscoverableIssuer(text: string): Parsed<string> {
  if (!URL.canParse(text) || /[\s?#]/.test(text)) return bad('write its address without query and fragment')
  return withTls(text)
}

/** Reads the address of a key set; `''` = none. */
export function parseKeysUrl(text: string): Parsed<string> {
  if (text === '') return ok('')
  if (!URL.canParse(text) || /\s/.test(text))
    return bad('write scheme and host, for example "https://idp.example/keys"')
  return withTls(text)
}

function withTls(text: string): Parsed<string> {
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return bad('write the address without user and password')
  if (protocol === 'https:') return ok(text)
  if (protocol !== 'http:') return bad('write an https address')
  const host = hostname.replace(/^\[|\]$/g, '')
  return isLoopback(host)
    ? ok(text)
    : bad('whoever is on the way could put keys of his own there; write https')
}

/** Reads the path of a rule: a glob over decoded segments. */
export function parseRulePath(text: string): Parsed<string> {
  if (!text.startsWith('/')) return bad(`write "/${text}"`)
  if (/[?#]/.test(text)) return bad('query and fragment are not part of a rule')
  if (text.includes('%')) return bad('write the path as it is after decoding, without %')
  if (/[\\\x00-\x1f\x7f]/.test(text)) return bad('write the path without control characters and backslashes')
  const segments = text.slice(1).split('/')
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return bad('write the path without "." and ".."')
  if (segments.slice(0, -1).includes('')) return bad('write single slashes')
  if (segments.some((segment) => segment.includes('**') && segment !== '**'))
    return bad('** stands for whole segments: write "/**/" or "/**"')
  return ok(text)
}

/** Fields with a meaning of their own; a worker would take the identity for something else. */
const taken = new Set([
  'host',
  'cookie',
  'authorization',
  'content-type',
  'content-length',
  'origin',
  'accept',
  'expect',
  'via',
  'x-request-id',
  'traceparent',
  'tracestate',
  'x-fluxlit-name',
  'x-fluxlit-logged-in',
])

/** Reads the name of a header that tells a worker who asks. */
export function parseIdentityHeader(text: string): Parsed<string> {
  const lower = text.toLowerCase()
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(text)) return bad('use letters, digits and "-"')
  if (isPerHop(lower) || taken.has(lower) || /^(sec-|x-forwarded-(for|proto|host|port|prefix)$)/.test(lower))
    return bad('the name means something else; choose another one')
  return ok(text)
}
