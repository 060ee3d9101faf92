/**
 * The door: one pass over a request head decides what it means and what of it may travel on. Nothing behind
 * this file looks at raw headers again, so no two stages can see two versions of one.
 *
 * Node's parser (strict mode) has already refused bare line feeds, folded lines, repeated lengths and the like;
 * here is what it accepts and a front must not (RFC 9110 5-7, RFC 9112 3, 6, 9).
 */

import type { IncomingMessage } from 'node:http'
import { failure, type Failure } from '../fault/failure.ts'
import { isManaged, isPerHop } from './names.ts'

/** Sizes above which a head is refused. */
export interface HeadLimits {
  readonly headerCount: number
  readonly targetBytes: number
}

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
  /** Declared body length in bytes; null = none declared. */
  readonly contentLength: number | null
  readonly chunked: boolean
  readonly expectsContinue: boolean
  readonly websocket: WebSocketOffer | null
  readonly origin: string | null
  readonly via: string | null
  readonly claims: Claims
  /** Whether a person is looking at the answer: a page load rather than a call by a script. */
  readonly isNavigation: boolean
}

/** A head as Node's parser hands it over. */
export type ReceivedHead = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>

/** Reads one head. Returns the failure to answer with when the request must not go any further. */
export function readHead(request: ReceivedHead, limits: HeadLimits): Head | Failure {
  const method = request.method ?? ''
  const version = request.httpVersion
  if (version !== '1.1' && version !== '1.0') return failure('http_version')
  if (method === 'TRACE') return failure('method_not_allowed')
  if (method === 'CONNECT') return failure('method_not_implemented')
  const target = request.url ?? ''
  if (target.length > limits.targetBytes) return failure('target_too_long')
  const raw = request.rawHeaders
  if (raw.length / 2 > limits.headerCount) return failure('header_too_large')

  const draft = new Draft(version)
  for (let i = 0; i < raw.length; i += 2) {
    const refusal = draft.take(raw[i] ?? '', raw[i + 1] ?? '')
    if (refusal !== null) return refusal
  }
  return draft.finish(method, target)
}

type Reader = (draft: Draft, value: string) => Failure | null

/** Fields with a meaning for the gateway. A reader that wants the field to travel on pushes it itself. */
const readers = new Map<string, Reader>([
  ['host', (draft, value) => draft.once('host', value, 'bad_host')],
  ['connection', (draft, value) => draft.nominate(value)],
  ['content-length', (draft, value) => draft.setLength(value)],
  ['transfer-encoding', (draft, value) => draft.setTransfer(value)],
  ['expect', (draft, value) => draft.expect(value)],
  ['upgrade', (draft, value) => draft.once('upgrade', value, 'bad_upgrade')],
  ['sec-websocket-key', (draft, value) => draft.once('sec-websocket-key', value, 'bad_upgrade')],
  ['sec-websocket-version', (draft, value) => draft.once('sec-websocket-version', value, 'bad_upgrade')],
  ['authorization', (draft, value) => draft.once('authorization', value, 'bad_header')],
  ['content-type', (draft, value) => draft.once('content-type', value, 'bad_header')],
  ['origin', (draft, value) => draft.once('origin', value, 'bad_header')],
  ['cookie', (draft, value) => draft.join('cookie', value, '; ')],
  ['sec-websocket-protocol', (draft, value) => draft.join('sec-websocket-protocol', value, ', ')],
  ['accept', (draft, value) => draft.join('accept', value, ', ')],
  ['sec-fetch-mode', (draft, value) => draft.join('sec-fetch-mode', value, ', ')],
  ['via', (draft, value) => draft.join('via', value, ', ')],
  ['x-forwarded-for', (draft, value) => draft.join('x-forwarded-for', value, ', ')],
  ['x-forwarded-proto', (draft, value) => draft.join('x-forwarded-proto', value, ', ')],
  ['x-forwarded-host', (draft, value) => draft.join('x-forwarded-host', value, ', ')],
  // A repeated id is no id: joined, it no longer has an acceptable form.
  ['x-request-id', (draft, value) => draft.join('x-request-id', value, ', ')],
  ['traceparent', (draft, value) => draft.join('traceparent', value, ', ')],
  ['tracestate', (draft, value) => draft.join('tracestate', value, ',')],
])

/** Read above and sent on as they are, once and in one line. */
const alsoForwarded = new Map([
  ['authorization', 'Authorization'],
  ['content-type', 'Content-Type'],
  ['origin', 'Origin'],
  ['cookie', 'Cookie'],
  ['accept', 'Accept'],
  ['sec-fetch-mode', 'Sec-Fetch-Mode'],
  ['sec-websocket-key', 'Sec-WebSocket-Key'],
  ['sec-websocket-version', 'Sec-WebSocket-Version'],
  ['sec-websocket-protocol', 'Sec-WebSocket-Protocol'],
])

/** Fields whose removal would change what the request means: naming them in Connection is an attack. */
const neverNominated = new Set(['host', 'content-length', 'cookie', 'authorization'])

const hostForm = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}))(?::(\d{0,5}))?$/
const websocketKeyForm = /^[A-Za-z0-9+/]{21}[AQgw]==$/

class Draft {
  readonly #version: '1.0' | '1.1'
  readonly #read = new Map<string, string>()
  #forward: string[] = []
  #nominated: Set<string> | null = null
  #contentLength: number | null = null
  #chunked = false
  #expectsContinue = false

  constructor(version: '1.0' | '1.1') {
    this.#version = version
  }

  take(name: string, value: string): Failure | null {
    const lower = name.toLowerCase()
    const reader = readers.get(lower)
    if (reader !== undefined) return reader(this, value)
    if (isPerHop(lower) || isManaged(lower)) return null
    this.#forward.push(name, value)
    return null
  }

  once(name: string, value: string, code: 'bad_host' | 'bad_header' | 'bad_upgrade'): Failure | null {
    if (this.#read.has(name)) return failure(code)
    this.#read.set(name, value)
    return null
  }

  join(name: string, value: string, separator: string): null {
    const before = this.#read.get(name)
    this.#read.set(name, before === undefined ? value : before + separator + value)
    return null
  }

  nominate(value: string): Failure | null {
    for (const token of value.split(',')) {
      const name = token.trim().toLowerCase()
      if (neverNominated.has(name)) return failure('bad_header', `Connection may not name ${name}.`)
      if (name !== '') (this.#nominated ??= new Set()).add(name)
    }
    return null
  }

  setLength(value: string): Failure | null {
    if (this.#contentLength !== null || !/^\d+$/.test(value)) return failure('bad_request')
    this.#contentLength = Number(value)
    return Number.isSafeInteger(this.#contentLength) ? null : failure('body_too_large')
  }

  setTransfer(value: string): Failure | null {
    // Node has removed spaces and tabs around values; trim() would also remove what only looks like a space.
    const coding = value.toLowerCase()
    // RFC 9112 6.1: a server that gets Transfer-Encoding in HTTP/1.0 must treat the framing as faulty.
    if (this.#version === '1.0' || this.#chunked || coding.startsWith(',')) return failure('bad_request')
    if (coding !== 'chunked') return failure('transfer_not_implemented')
    this.#chunked = true
    return null
  }

  expect(value: string): Failure | null {
    // RFC 9110 10.1.1: HTTP/1.0 has no interim answers to wait for.
    if (this.#version === '1.0') return null
    if (value.toLowerCase() !== '100-continue') return failure('expectation_failed')
    this.#expectsContinue = true
    return null
  }

  finish(method: string, target: string): Head | Failure {
    const host = this.#host()
    if (host !== null && typeof host !== 'string') return host
    const websocket = this.#websocket(method)
    if (websocket !== null && 'code' in websocket) return websocket
    if (this.#chunked && this.#contentLength !== null) return failure('bad_request')
    this.#sendReadFieldsOn()
    this.#dropNominated()
    const accept = this.#read.get('accept') ?? ''
    return {
      method,
      target,
      host,
      forward: this.#forward,
      contentLength: this.#contentLength,
      chunked: this.#chunked,
      expectsContinue: this.#expectsContinue,
      websocket,
      origin: this.#read.get('origin') ?? null,
      via: this.#read.get('via') ?? null,
      claims: this.#claims(),
      isNavigation: isNavigation(method, accept, this.#read.get('sec-fetch-mode')),
    }
  }

  #host(): string | null | Failure {
    const host = this.#read.get('host')
    if (host === undefined) return this.#version === '1.0' ? null : failure('bad_host')
    return normaliseHost(host) ?? failure('bad_host')
  }

  /** Null = a plain request, also for upgrades to anything else (RFC 9110 7.8 lets a server ignore them). */
  #websocket(method: string): WebSocketOffer | Failure | null {
    const upgrade = this.#read.get('upgrade')?.toLowerCase()
    if (upgrade === undefined || !(this.#nominated?.has('upgrade') ?? false) || this.#version === '1.0')
      return null
    if (upgrade !== 'websocket') return upgrade.includes('websocket') ? failure('bad_upgrade') : null
    const hasBody = this.#chunked || (this.#contentLength ?? 0) > 0
    if (method !== 'GET' || hasBody) return failure('bad_upgrade')
    if (this.#read.get('sec-websocket-version') !== '13') return failure('websocket_version')
    const key = this.#read.get('sec-websocket-key') ?? ''
    if (!websocketKeyForm.test(key)) return failure('bad_upgrade')
    const protocols = this.#read.get('sec-websocket-protocol')
    return { key, protocols: protocols === undefined ? [] : protocols.split(',').map((name) => name.trim()) }
  }

  #claims(): Claims {
    return {
      forwardedFor: this.#read.get('x-forwarded-for') ?? null,
      forwardedProto: this.#read.get('x-forwarded-proto') ?? null,
      forwardedHost: this.#read.get('x-forwarded-host') ?? null,
      requestId: this.#read.get('x-request-id') ?? null,
      traceparent: this.#read.get('traceparent') ?? null,
      tracestate: this.#read.get('tracestate') ?? null,
    }
  }

  #sendReadFieldsOn(): void {
    for (const [name, value] of this.#read) {
      const shown = alsoForwarded.get(name)
      if (shown !== undefined) this.#forward.push(shown, value)
    }
  }

  #dropNominated(): void {
    const nominated = this.#nominated
    if (nominated === null) return
    const kept: string[] = []
    for (let i = 0; i < this.#forward.length; i += 2) {
      const name = this.#forward[i] ?? ''
      if (!nominated.has(name.toLowerCase())) kept.push(name, this.#forward[i + 1] ?? '')
    }
    this.#forward = kept
  }
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
