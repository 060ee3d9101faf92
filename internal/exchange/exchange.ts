/**
 * The record of one request or one WebSocket: made when its head has been read, filled by the stages,
 * settled exactly once. The access line and the counters are written from it and from nothing else.
 */

import type { Address } from '../config/config.ts'
import type { FailureCode } from '../fault/failure.ts'
import type { OwnPages } from '../fault/own-pages.ts'
import type { Head } from './head.ts'

/** How an exchange ended. `ok` also for a worker's own 4xx and 5xx. */
export type Reason =
  | 'ok'
  | 'drain'
  | 'websocket_closed_by_client'
  | 'websocket_closed_by_worker'
  /** Whoever opened it may not have it any longer. */
  | 'websocket_not_allowed'
  | FailureCode

/** One request or WebSocket on its way through the gateway. */
export interface Exchange {
  readonly id: string
  readonly traceId: string
  readonly traceparent: string
  /** Sent on only together with the trace it belongs to. */
  readonly tracestate: string | null
  readonly kind: 'http' | 'websocket'
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** The same; 0 = not ended yet. */
  endedAt: number
  /** Null when the head was refused at the door. */
  readonly head: Head | null
  readonly method: string
  /** Path as sent, without the query. */
  readonly path: string
  readonly hasQuery: boolean
  /** Client address by the trust rule. */
  readonly client: string
  /** Address of the other end of the connection, whatever it says about others. */
  readonly peer: string
  readonly scheme: 'http' | 'https'
  /** Public `Host`, restored from a trusted proxy where one rewrote it. */
  readonly host: string
  /** `Host` and the `X-Forwarded-*` lines for the worker. */
  readonly forwardedLines: string
  /** `Name: value\r\n` lines of every answer that the gateway gives itself. */
  ownLines: string
  /** The operator's pages for failures; null = the built-in ones. */
  pages: OwnPages | null
  /** What authorisation changes on the way to the worker and back; null while nothing is asked of anybody. */
  passage: Passage | null
  /** Who asks, for the access line: null when nobody is signed in, or it is not to be logged. */
  user: string | null
  /** Worker name, `internal` or `none`. */
  route: string
  worker: string | null
  /** Of the process it was last sent to; 0 = it was not sent yet. */
  generation: number
  /** Where it was last sent. */
  upstream: Address | null
  /** How often it was sent. */
  attempts: number
  status: number
  reason: Reason
  /** Milliseconds from start to the first byte of the answer; null = none was sent. */
  ttfbMs: number | null
  bytesIn: number
  bytesOut: number
  /** How long it waited for a worker, in milliseconds. */
  heldMs: number
  /** Why it failed, for the log only. */
  cause: unknown
  settled: boolean
}

/** What authorisation changes about a request that may pass, and about its answer. */
export interface Passage {
  /** `Name: value\r\n` lines that tell the worker who asks. */
  readonly workerLines: string
  /** `Authorization` for the worker; null = none. */
  readonly authorization: string | null
  /** `Cookie` for the worker, without the gateway's own; null = none. */
  readonly cookie: string | null
  /** `Name: value\r\n` lines of the answer: cookies of the gateway. */
  readonly answerLines: string
  /** Whether the answer is one person's: caches between must not keep it. */
  readonly personal: boolean
  /** Names of cookies that no worker may set; null = any may be. */
  readonly isOwnCookie: ((name: string) => boolean) | null
}

/** What the first stage knows. */
export type ExchangeStart = Pick<
  Exchange,
  | 'id'
  | 'traceId'
  | 'traceparent'
  | 'tracestate'
  | 'kind'
  | 'head'
  | 'method'
  | 'path'
  | 'hasQuery'
  | 'client'
  | 'peer'
  | 'scheme'
  | 'host'
  | 'forwardedLines'
>

/** Opens the record. */
export function openExchange(start: ExchangeStart): Exchange {
  return {
    id: start.id,
    traceId: start.traceId,
    traceparent: start.traceparent,
    tracestate: start.tracestate,
    kind: start.kind,
    startedAt: performance.now(),
    endedAt: 0,
    head: start.head,
    method: start.method,
    path: start.path,
    hasQuery: start.hasQuery,
    client: start.client,
    peer: start.peer,
    scheme: start.scheme,
    host: start.host,
    forwardedLines: start.forwardedLines,
    ownLines: '',
    pages: null,
    passage: null,
    user: null,
    route: 'none',
    worker: null,
    generation: 0,
    upstream: null,
    attempts: 0,
    status: 0,
    reason: 'ok',
    ttfbMs: null,
    bytesIn: 0,
    bytesOut: 0,
    heldMs: 0,
    cause: undefined,
    settled: false,
  }
}

/** Notes the first byte of the answer; later calls change nothing. */
export function answered(exchange: Exchange, status: number): void {
  exchange.status = status
  exchange.ttfbMs ??= performance.now() - exchange.startedAt
}
