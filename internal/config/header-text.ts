/** Names and values of response headers as the configuration writes them, and which of them nobody should write. */

import { isPerHop } from '../exchange/names.ts'
import { bad, ok, type Parsed } from './parsed.ts'

/** RFC 9110 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** True of one answer only; the same value on every answer would break them, and so would none. */
const ofOneAnswer = new Set([
  'content-type',
  'content-encoding',
  'content-range',
  'content-location',
  'location',
  'set-cookie',
  'www-authenticate',
  'date',
  'age',
  'allow',
  'etag',
  'last-modified',
  'accept-ranges',
  'retry-after',
])

/** An application can do without these. */
const removable = new Set([
  'age',
  'etag',
  'last-modified',
  'accept-ranges',
  'content-location',
  'retry-after',
])

const outdated: ReadonlyMap<string, string> = new Map([
  ['public-key-pins', 'no browser reads it any more'],
  ['public-key-pins-report-only', 'no browser reads it any more'],
  ['expect-ct', 'no browser reads it any more'],
  ['feature-policy', 'it is called Permissions-Policy now'],
  ['x-content-security-policy', 'it is called Content-Security-Policy now'],
  ['x-webkit-csp', 'it is called Content-Security-Policy now'],
])

function refusalOf(lower: string): string | null {
  if (lower === 'x-request-id') return 'the gateway writes the id of the request into it'
  if (isPerHop(lower) || lower === 'content-length')
    return 'it belongs to one connection; the gateway writes it itself'
  return lower.startsWith('sec-websocket-') ? 'it belongs to the handshake of a WebSocket' : null
}

/** Reads the name of a field that every answer gets; as written. */
export function parseSet(name: string): Parsed<string> {
  if (!token.test(name)) return bad('a header name is letters, digits and "-"')
  const lower = name.toLowerCase()
  const refusal = refusalOf(lower) ?? outdated.get(lower)
  if (refusal !== undefined && refusal !== null) return bad(refusal)
  return ofOneAnswer.has(lower)
    ? bad('it belongs to one answer; only the application knows its value')
    : ok(name)
}

/** Reads the name of a field that is taken out; lower case. */
export function parseRemoved(name: string): Parsed<string> {
  if (!token.test(name)) return bad('a header name is letters, digits and "-"')
  const lower = name.toLowerCase()
  const refusal = refusalOf(lower)
  if (refusal !== null) return bad(refusal)
  if (ofOneAnswer.has(lower) && !removable.has(lower)) return bad('answers do not work without it')
  return ok(lower)
}

/** Reads a value: visible ASCII and single spaces between; a line break would begin another header. */
export function parseHeaderValue(value: string): Parsed<string> {
  if (value === '') return bad('to take a field out write its name into `remove`')
  if (/[\r\n]/.test(value)) return bad('write it in one line')
  if (/^[ \t]|[ \t]$/.test(value)) return bad('remove the spaces around it')
  return /^[\t\x20-\x7e]+$/.test(value) ? ok(value) : bad('use ASCII; percent-encode everything else')
}

const policies = new Set([
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
])

/** Reads a referrer policy (W3C Referrer Policy 3); `''` = none is said. */
export function parseReferrerPolicy(text: string): Parsed<string> {
  if (text === '' || policies.has(text)) return ok(text)
  if (text === 'unsafe-url')
    return bad(
      'it tells every site the whole address, tokens included; write "strict-origin-when-cross-origin"',
    )
  return bad(`policies are ${[...policies].join(', ')}`)
}

/** Reads one source of frame-ancestors (CSP Level 3 6.4.2): `'self'`, `'none'`, a host, an origin, `https:`. */
export function parseFrameAncestor(text: string): Parsed<string> {
  if (/^'?(self|none)'?$/.test(text)) {
    const quoted = `'${text.replaceAll("'", '')}'`
    return text === quoted ? ok(text) : bad(`write "${quoted}", with its own quotes`)
  }
  if (text === '*') return bad('anybody may do it when nothing is said; remove frame_ancestors')
  if (/^https?:$/.test(text)) return ok(text)
  const host = /^(?:https?:\/\/)?(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?::(?:[0-9]{1,5}|\*))?$/
  if (host.test(text)) return ok(text)
  if (/^https?:\/\/[^/]+\/./.test(text))
    return bad(`write "${text.replace(/^(https?:\/\/[^/]+)\/.*$/, '$1')}"`)
  return bad('write an origin such as "https://portal.example"')
}

/**
 * What is wrong with a value that browsers give a meaning, as a hint; null = nothing.
 * @param lower name in lower case
 */
export function valueHint(lower: string, value: string): string | null {
  return valueHints.get(lower)?.(value) ?? null
}

const valueHints: ReadonlyMap<string, (value: string) => string | null> = new Map([
  [
    'x-content-type-options',
    (value) => (value.toLowerCase() === 'nosniff' ? null : 'browsers only know "nosniff"'),
  ],
  [
    'x-frame-options',
    (value) =>
      /^(deny|sameorigin)$/i.test(value)
        ? null
        : 'browsers only know DENY and SAMEORIGIN; write `frame_ancestors` to name others',
  ],
  [
    'x-xss-protection',
    (value) => (value === '0' ? null : 'what it switched on made pages attackable; write "0" or remove it'),
  ],
  [
    'strict-transport-security',
    (value) =>
      /^max-age=[0-9]+(; *includeSubDomains)?(; *preload)?$/i.test(value)
        ? null
        : 'write "max-age=31536000", with "; includeSubDomains" if it holds for them',
  ],
  ['referrer-policy', (value) => referrerHint(value)],
])

function referrerHint(value: string): string | null {
  for (const each of value.split(',')) {
    const policy = parseReferrerPolicy(each.trim())
    if (policy.kind === 'bad') return policy.hint
  }
  return null
}
