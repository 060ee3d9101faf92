/** Whether a worker saw exactly what it had to see: no field more, none less, none in another line. */

import type { RawMessage } from '../support/message.ts'
import type { Expected, Fields } from './case.ts'

/** A request that must have arrived. */
export interface Awaited {
  readonly expected: Expected
  /** `X-Request-ID` of its answer. */
  readonly id: string
  /** What the client sent; nothing of it may be the gateway's own id or trace. */
  readonly sent: string
}

/** Everything in which a request differs from what was expected; empty when it does not. */
export function differences(seen: RawMessage, awaited: Awaited): readonly string[] {
  const { expected } = awaited
  return [
    ...unequal('request line', seen.start, expected.start),
    ...unequal('body', seen.body, expected.body ?? ''),
    ...framingDifferences(seen, expected),
    ...fieldDifferences(grouped(seen), awaited),
    ...seen.fields
      .filter(([name, value]) => !isClean(name, value))
      .map(([name]) => `the field ${JSON.stringify(name)}`),
  ]
}

/** Text for a difference, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

function unequal(what: string, seen: unknown, expected: unknown): readonly string[] {
  return JSON.stringify(seen) === JSON.stringify(expected)
    ? []
    : [`${what}: ${shown(seen)} instead of ${shown(expected)}`]
}

function framingDifferences(
  { fields, framing }: RawMessage,
  { body, framing: wanted }: Expected,
): readonly string[] {
  const rule = wanted ?? (body === undefined ? 'none' : 'any')
  const allowed: Readonly<Record<typeof rule, readonly RawMessage['framing'][]>> = {
    none: ['none'],
    maybe: ['none', 'length'],
    length: ['length'],
    any: ['length', 'chunked'],
  }
  const said = fields.filter(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  if (said.length > 1) return [`two framings: ${shown(said)}`]
  return allowed[rule].includes(framing) ? [] : [`framing: ${framing} instead of ${rule}`]
}

function fieldDifferences(seen: ReadonlyMap<string, readonly string[]>, awaited: Awaited): readonly string[] {
  const wanted = wantedFields(seen, awaited)
  const names = new Set([...seen.keys(), ...wanted.keys()])
  return [...names].flatMap((name) => unequal(name, seen.get(name), wanted.get(name)))
}

/** The client's fields that travel on, and the gateway's own. */
function wantedFields(
  seen: ReadonlyMap<string, readonly string[]>,
  { expected, id, sent }: Awaited,
): ReadonlyMap<string, readonly string[]> {
  const host = hostOf(seen, expected.host)
  const own: Fields = {
    host,
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': host,
    'x-forwarded-port': /:(\d+)$/.exec(host)?.[1] ?? '80',
    'x-request-id': id,
    via: '1.1 fluxlit',
    ...(expected.upgrades === true ? { upgrade: 'websocket', connection: 'Upgrade' } : {}),
    ...expected.own,
  }
  const trace = traceOf(seen.get('traceparent')?.[0] ?? '', expected.own?.['traceparent'], sent)
  const ownId = expected.own?.['x-request-id'] ?? (sent.includes(id) ? 'an id of its own' : id)
  const all = { ...own, ...expected.fields, 'x-request-id': ownId, traceparent: trace }
  return new Map(
    Object.entries(all).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]),
  )
}

function hostOf(seen: ReadonlyMap<string, readonly string[]>, host: string | null | undefined): string {
  if (host === null) return /^127\.0\.0\.1:\d+$/.exec(seen.get('host')?.[0] ?? '')?.[0] ?? '127.0.0.1:PORT'
  return host ?? 'a'
}

/** The trace that was seen, when it is well formed and continues the client's exactly if it should. */
function traceOf(seen: string, continued: string | readonly string[] | undefined, sent: string): string {
  const [, id = '', span = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(seen) ?? []
  if (id === '') return 'a well-formed trace'
  if (typeof continued !== 'string') return sent.includes(id) ? 'a new trace' : seen
  const same = continued.startsWith(`00-${id}-`) && continued.endsWith(flags) && !continued.includes(span)
  return same ? seen : `the trace ${continued} with another span`
}

/** Values by name in lower case, without what is only about the connection to the worker. */
function grouped({ fields }: RawMessage): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (lower === 'content-length' || lower === 'transfer-encoding') continue
    if (lower === 'connection' && /^(keep-alive|close)$/.test(value)) continue
    groups.set(lower, [...(groups.get(lower) ?? []), value])
  }
  return groups
}

/** RFC 9110 5.1, 5.5: a token, and no control bytes in the value. */
function isClean(name: string, value: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(value)
}
