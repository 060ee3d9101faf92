/**
 * The door: one pass over a request head decides what it means and what of it may travel on. Nothing behind
 * this file looks at raw headers again, so no two stages can see two versions of one.
 *
 * The engine has already refused what is not HTTP/1.1 and decided how long the body is; here is what is valid and
 * a front must still not pass on (RFC 9110 5-7, RFC 9112 3, 9).
 */

import { failure, isFailure, type Failure } from '../fault/failure.ts'
import type { Framing, RequestHead } from '../http1/head.ts'
import { NameTable } from './name-table.ts'
import { isManaged, isPerHop } from './names.ts'

/** A WebSocket handshake that is valid on the client's side (RFC 6455 4.2.1). */
export interface WebSocketOffer {
  readonly key: string
  /** The offered subprotocols, in order; they travel on untouched inside `forward`. */
  readonly protocols: readonly string[]
}

/** What proxies in front say; counts only when the peer is trusted. */
export interface Claims {
  readonly forwardedFor: string | null
  readonly forwardedProto: string | null
  readonly forwardedHost: string | null
  readonly requestId: string | null
  readonly traceparent: string | null
  readonly tracestate: string | null
}

/** A request head that passed the door. */
export interface Head {
  readonly method: string
  /** The request target as sent. */
  readonly target: string
  /** `Host` as sent, with an empty port removed; null for HTTP/1.0 without one. */
  readonly host: string | null
  /** End-to-end fields to send on: flat name, value list, names as sent, without Host and everything we set. */
  readonly forward: readonly string[]
  /** The same as `Name: value\r\n` lines. */
  readonly forwardLines: string
  readonly framing: Framing
  readonly expectsContinue: boolean
  readonly websocket: WebSocketOffer | null
  readonly origin: string | null
  /** Sent on unless authorisation says otherwise, as {@link cookie}. */
  readonly authorization: string | null
  readonly cookie: string | null
  readonly via: string | null
  readonly claims: Claims
  /** OPTIONS that is to go no further than here (RFC 9110 7.6.2). */
  readonly isForGateway: boolean
  /** Whether a person is looking at the answer: a page load rather than a call by a script. */
  readonly isNavigation: boolean
  readonly fetch: FetchMetadata
  /** What a browser asks before a page of another origin may send its request; null for every other request. */
  readonly preflight: Preflight | null
  /**
   * Flat name (lower case), value list of what was sent under names that are the gateway's own. It never travels on;
   * a proxy that signs people in speaks through it.
   */
  readonly claimed: readonly string[]
}

/** What the browser says about who made the request (Fetch Metadata), and what stands in for it in older ones. */
export interface FetchMetadata {
  readonly site: string | null
  readonly mode: string | null
  readonly dest: string | null
  readonly accept: string
  /** `X-Requested-With: XMLHttpRequest`. */
  readonly byScript: boolean
}

/** A CORS preflight (Fetch Standard 3.2.2). */
export interface Preflight {
  readonly method: string
  readonly headers: string | null
}

/**
 * The last head of a connection that passed. The engine gives equal fields as the same list, and all but the target
 * is decided by the method, the version and the fields.
 */
export class HeadMemory {
  #request: RequestHead | null = null
  #rules: HeadRules | null = null
  #head: Head | null = null

  /** What the same request with another target was read as, or null. */
  recall(request: RequestHead, rules: HeadRules): Head | null {
    const before = this.#request
    if (before === null || before.fields !== request.fields || rules !== this.#rules) return null
    return before.method === request.method && before.minor === request.minor ? this.#head : null
  }

  /** Keeps what a request was read as. */
  keep(request: RequestHead, rules: HeadRules, head: Head): void {
    this.#request = request
    this.#rules = rules
    this.#head = head
  }
}

/**
 * Reads one head. Returns the failure to answer with when the request must not go any further.
 * @param memory of the connection it came over
 */
export function readHead(
  request: RequestHead,
  rules = standardRules,
  memory: HeadMemory | null = null,
): Head | Failure {
  const known = memory?.recall(request, rules) ?? null
  if (known !== null) return { ...known, target: request.target }
  const head = readNewHead(request, rules)
  if (!isFailure(head)) memory?.keep(request, rules, head)
  return head
}

function readNewHead(request: RequestHead, rules: HeadRules): Head | Failure {
  const { method, fields } = request
  if (method === 'TRACE') return failure('method_not_allowed')
  if (method === 'CONNECT') return failure('method_not_implemented')
  const draft = new Draft(request)
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const refusal = draft.take(rules.get(name), name, fields[i + 1] ?? '')
    if (refusal !== null) return refusal
  }
  return draft.finish()
}

/** Whether a body follows. */
export function hasBody({ framing }: Pick<Head, 'framing'>): boolean {
  return framing.kind === 'length' ? framing.bytes > 0 : framing.kind !== 'none'
}

/** Length of the body in bytes as declared; 0 when none is, or nobody knows. */
export function declaredLength({ framing }: Pick<Head, 'framing'>): number {
  return framing.kind === 'length' ? framing.bytes : 0
}

/** Where the value of a field with a meaning is kept. */
const slots = [
  'host',
  'expect',
  'upgrade',
  'websocketKey',
  'websocketVersion',
  'websocketProtocol',
  'authorization',
  'contentType',
  'maxForwards',
  'origin',
  'cookie',
  'accept',
  'fetchMode',
  'fetchSite',
  'fetchDest',
  'requestedWith',
  'preflightMethod',
  'preflightHeaders',
  'via',
  'forwardedFor',
  'forwardedProto',
  'forwardedHost',
  'requestId',
  'traceparent',
  'tracestate',
] as const
type Slot = (typeof slots)[number]

/** What is done with a field. */
type Treatment =
  | { readonly kind: 'forward' }
  | { readonly kind: 'drop' }
  /** Dropped, and kept in mind for a mode in which somebody else signs people in. */
  | { readonly kind: 'claim' }
  /** Sent on, and noted. */
  | { readonly kind: 'note'; readonly slot: Slot }
  /** Kept, and a second line refused. */
  | { readonly kind: 'once'; readonly slot: Slot; readonly code: 'bad_host' | 'bad_header' | 'bad_upgrade' }
  /** Kept, further lines joined. */
  | { readonly kind: 'join'; readonly slot: Slot; readonly separator: string }

const once = (slot: Slot, code: 'bad_host' | 'bad_header' | 'bad_upgrade'): Treatment => ({
  kind: 'once',
  slot,
  code,
})
const join = (slot: Slot, separator: string): Treatment => ({ kind: 'join', slot, separator })

const note = (slot: Slot): Treatment => ({ kind: 'note', slot })

const forward: Treatment = { kind: 'forward' }
const drop: Treatment = { kind: 'drop' }
const claim: Treatment = { kind: 'claim' }

/** Fields with a meaning for the gateway. */
const meanings = new Map<string, Treatment>([
  ['host', once('host', 'bad_host')],
  ['expect', join('expect', ', ')],
  ['upgrade', once('upgrade', 'bad_upgrade')],
  ['sec-websocket-key', once('websocketKey', 'bad_upgrade')],
  ['sec-websocket-version', once('websocketVersion', 'bad_upgrade')],
  ['sec-websocket-protocol', join('websocketProtocol', ', ')],
  ['authorization', once('authorization', 'bad_header')],
  ['content-type', once('contentType', 'bad_header')],
  ['origin', once('origin', 'bad_header')],
  ['max-forwards', once('maxForwards', 'bad_header')],
  ['cookie', join('cookie', '; ')],
  ['accept', join('accept', ', ')],
  ['sec-fetch-mode', join('fetchMode', ', ')],
  ['sec-fetch-site', note('fetchSite')],
  ['sec-fetch-dest', note('fetchDest')],
  ['x-requested-with', note('requestedWith')],
  ['access-control-request-method', note('preflightMethod')],
  ['access-control-request-headers', note('preflightHeaders')],
  ['via', join('via', ', ')],
  ['x-forwarded-for', join('forwardedFor', ', ')],
  ['x-forwarded-proto', join('forwardedProto', ', ')],
  ['x-forwarded-host', join('forwardedHost', ', ')],
  // A repeated id is no id: joined, it no longer has an acceptable form.
  ['x-request-id', join('requestId', ', ')],
  ['traceparent', join('traceparent', ', ')],
  ['tracestate', join('tracestate', ',')],
  // Read by the engine; the length travels on as it understood it.
  ['content-length', drop],
])

/** Kept above and sent on as they are, once and in one line. */
const alsoForwarded: readonly (readonly [Slot, string])[] = [
  ['authorization', 'Authorization'],
  ['contentType', 'Content-Type'],
  ['origin', 'Origin'],
  ['cookie', 'Cookie'],
  ['accept', 'Accept'],
  ['fetchMode', 'Sec-Fetch-Mode'],
  ['maxForwards', 'Max-Forwards'],
  ['websocketKey', 'Sec-WebSocket-Key'],
  ['websocketVersion', 'Sec-WebSocket-Version'],
  ['websocketProtocol', 'Sec-WebSocket-Protocol'],
]

function treatmentOf(name: string): Treatment {
  const meaning = meanings.get(name)
  if (meaning !== undefined) return meaning
  if (isPerHop(name)) return drop
  return isManaged(name) ? claim : forward
}

/** What is done with fields by their names; made once per configuration. */
export type HeadRules = NameTable<Treatment>

/** @param owned further lower-case names that only the gateway may set towards a worker */
export function compileHeadRules(owned: ReadonlySet<string>): HeadRules {
  return new NameTable((name) => (owned.has(name) && !meanings.has(name) ? claim : treatmentOf(name)))
}

const standardRules: HeadRules = new NameTable(treatmentOf)
const nothingClaimed: readonly string[] = []

/** Fields whose removal would change what the request means: naming them in Connection is an attack. */
const neverNominated = new Set(['host', 'content-length', 'cookie', 'authorization'])

const hostForm = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}))(?::(\d{0,5}))?$/
const websocketKeyForm = /^[A-Za-z0-9+/]{21}[AQgw]==$/

class Draft {
  readonly #request: RequestHead
  readonly #values: Partial<Record<Slot, string>> = {}
  #forward: string[] = []
  #claimed: string[] | null = null

  constructor(request: RequestHead) {
    this.#request = request
  }

  take(treatment: Treatment, name: string, value: string): Failure | null {
    const { kind } = treatment
    if (kind === 'forward') this.#forward.push(name, value)
    else if (kind === 'note') this.#note(treatment, name, value)
    else if (kind === 'claim') (this.#claimed ??= []).push(name.toLowerCase(), value)
    else if (kind !== 'drop') return this.#keep(treatment, value)
    return null
  }

  finish(): Head | Failure {
    const { method, target, framing } = this.#request
    const values = this.#values
    const nomination = this.#refuseNomination()
    if (nomination !== null) return nomination
    const host = this.#host()
    if (host !== null && typeof host !== 'string') return host
    const expectsContinue = this.#expectsContinue()
    if (typeof expectsContinue !== 'boolean') return expectsContinue
    const websocket = this.#websocket()
    if (websocket !== null && 'code' in websocket) return websocket
    const isForGateway = this.#countForward()
    this.#sendKeptOn()
    this.#dropNominated()
    return {
      method,
      target,
      host,
      forward: this.#forward,
      forwardLines: linesOf(this.#forward),
      framing,
      expectsContinue,
      websocket,
      origin: values.origin ?? null,
      authorization: values.authorization ?? null,
      cookie: values.cookie ?? null,
      via: values.via ?? null,
      claims: this.#claims(),
      isForGateway,
      isNavigation: isNavigation(method, values.accept ?? '', values.fetchMode),
      fetch: {
        site: values.fetchSite ?? null,
        mode: values.fetchMode ?? null,
        dest: values.fetchDest ?? null,
        accept: values.accept ?? '',
        byScript: values.requestedWith === 'XMLHttpRequest',
      },
      preflight: this.#preflight(),
      claimed: this.#claimed ?? nothingClaimed,
    }
  }

  #note(treatment: Extract<Treatment, { readonly kind: 'note' }>, name: string, value: string): void {
    const before = this.#values[treatment.slot]
    // Two values are none of those that mean something.
    this.#values[treatment.slot] = before === undefined ? value : `${before}, ${value}`
    this.#forward.push(name, value)
  }

  #preflight(): Preflight | null {
    const { preflightMethod: method, preflightHeaders: headers = null, origin } = this.#values
    if (this.#request.method !== 'OPTIONS' || method === undefined || origin === undefined) return null
    return { method, headers }
  }

  #keep(treatment: Extract<Treatment, { readonly kind: 'once' | 'join' }>, value: string): Failure | null {
    const { slot } = treatment
    const before = this.#values[slot]
    if (before === undefined) this.#values[slot] = value
    else if (treatment.kind === 'once') return failure(treatment.code)
    else this.#values[slot] = before + treatment.separator + value
    return null
  }

  #refuseNomination(): Failure | null {
    for (const name of this.#request.connection)
      if (neverNominated.has(name)) return failure('bad_header', `Connection may not name ${name}.`)
    return null
  }

  #host(): string | null | Failure {
    const { host } = this.#values
    if (host === undefined) return this.#request.minor === 0 ? null : failure('bad_host')
    return normaliseHost(host) ?? failure('bad_host')
  }

  #expectsContinue(): boolean | Failure {
    const { expect } = this.#values
    // RFC 9110 10.1.1: HTTP/1.0 has no interim answers to wait for.
    if (expect === undefined || this.#request.minor === 0) return false
    return expect.toLowerCase() === '100-continue' ? true : failure('expectation_failed')
  }

  /** Null = a plain request, also for upgrades to anything else (RFC 9110 7.8 lets a server ignore them). */
  #websocket(): WebSocketOffer | Failure | null {
    const { method, connection, minor } = this.#request
    const { upgrade: asked, websocketKey: key = '', websocketProtocol: protocols } = this.#values
    const upgrade = asked?.toLowerCase()
    if (upgrade === undefined || minor === 0 || !connection.includes('upgrade')) return null
    if (upgrade !== 'websocket') return upgrade.includes('websocket') ? failure('bad_upgrade') : null
    if (method !== 'GET' || hasBody(this.#request)) return failure('bad_upgrade')
    if (this.#values.websocketVersion !== '13') return failure('websocket_version')
    if (!websocketKeyForm.test(key)) return failure('bad_upgrade')
    return { key, protocols: protocols === undefined ? [] : protocols.split(',').map((name) => name.trim()) }
  }

  /** Max-Forwards means something for OPTIONS only, and is one less behind every proxy. */
  #countForward(): boolean {
    const { maxForwards } = this.#values
    if (this.#request.method !== 'OPTIONS' || maxForwards === undefined || !/^\d{1,9}$/.test(maxForwards))
      return false
    this.#values.maxForwards = String(Math.max(0, Number(maxForwards) - 1))
    return Number(maxForwards) === 0
  }

  #claims(): Claims {
    const values = this.#values
    return {
      forwardedFor: values.forwardedFor ?? null,
      forwardedProto: values.forwardedProto ?? null,
      forwardedHost: values.forwardedHost ?? null,
      requestId: values.requestId ?? null,
      traceparent: values.traceparent ?? null,
      tracestate: values.tracestate ?? null,
    }
  }

  #sendKeptOn(): void {
    for (const [slot, name] of alsoForwarded) {
      const value = this.#values[slot]
      if (value !== undefined) this.#forward.push(name, value)
    }
  }

  #dropNominated(): void {
    const nominated = this.#request.connection
    // Of the two tokens nearly every request has, neither is a field that has come this far.
    if (nominated.every((name) => name === 'keep-alive' || name === 'close' || name === 'upgrade')) return
    const kept: string[] = []
    for (let i = 0; i < this.#forward.length; i += 2) {
      const name = this.#forward[i] ?? ''
      if (!nominated.includes(name.toLowerCase())) kept.push(name, this.#forward[i + 1] ?? '')
    }
    this.#forward = kept
  }
}

/** Fields as lines. @param fields names and values in turn */
export function linesOf(fields: readonly string[]): string {
  let lines = ''
  for (let i = 0; i < fields.length; i += 2) lines += `${fields[i]}: ${fields[i + 1]}\r\n`
  return lines
}

/** `Host` in a form that may travel on, or null when it is not a host (RFC 9110 7.2, RFC 3986 3.2.2). */
export function normaliseHost(host: string): string | null {
  const match = hostForm.exec(host)
  if (match === null) return null
  const port = match[1]
  if (port === undefined) return host
  if (port === '') return host.slice(0, -1)
  return Number(port) <= 65535 ? host : null
}

/** A page load: the browser says so, or (older ones) a GET that prefers HTML. */
function isNavigation(method: string, accept: string, fetchMode: string | undefined): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (fetchMode !== undefined) return fetchMode === 'navigate'
  return accept.includes('text/html')
}
