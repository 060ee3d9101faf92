/** One request with all that its stages have found out about it, and its end. */

import type { AccessRequest } from '../auth/credential.ts'
import type { Identity } from '../auth/identity.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Head } from '../exchange/head.ts'
import { UpstreamError } from '../http1/client-connection.ts'
import type { ServerConnection } from '../http1/server-connection.ts'
import type { Settler, Transaction } from '../http1/transaction.ts'
import type { RequestDeps } from './deps.ts'

/** What a {@link Handling} is made of. */
export interface HandlingParts {
  /** The configuration in force. */
  readonly current: () => RequestDeps
  readonly exchange: Exchange
  readonly head: Head
  readonly transaction: Transaction
  readonly connection: ServerConnection
  /** Sends the request on its way. */
  readonly route: (handling: Handling) => void
}

/** One request on its way; made once, also for requests that are routed twice. */
export class Handling implements Settler {
  deps: RequestDeps
  readonly exchange: Exchange
  readonly head: Head
  readonly transaction: Transaction
  readonly connection: ServerConnection
  /** A handshake that may go on: what is needed to judge its socket again later. */
  guarded: { readonly request: AccessRequest; readonly identity: Identity } | null = null
  readonly #current: () => RequestDeps
  readonly #route: (handling: Handling) => void

  constructor(deps: RequestDeps, parts: HandlingParts) {
    this.deps = deps
    this.exchange = parts.exchange
    this.head = parts.head
    this.transaction = parts.transaction
    this.connection = parts.connection
    this.#current = parts.current
    this.#route = parts.route
  }

  /** Routes it anew, by the configuration then in force. */
  again(): void {
    this.deps = this.#current()
    this.#route(this)
  }

  /** It goes by this route from here on. */
  enter(route: string): void {
    const { exchange } = this
    if (exchange.route === route) return
    const { metrics } = this.deps
    if (exchange.route !== 'none') metrics.left(exchange.route)
    exchange.route = route
    metrics.entered(route)
  }

  settled(complete: boolean): void {
    settle(this.deps, this.exchange, this.transaction, complete)
  }
}

/** The end of every request and every WebSocket, exactly once. */
export function settle(
  deps: RequestDeps,
  exchange: Exchange,
  transaction: Transaction,
  complete: boolean,
): void {
  if (exchange.settled) return
  exchange.settled = true
  exchange.endedAt = performance.now()
  if (!complete && (exchange.reason === 'ok' || exchange.status === 0)) {
    exchange.reason = 'client_closed'
    if (exchange.status === 0) exchange.status = 499
  }
  exchange.bytesIn += transaction.bytesIn
  exchange.bytesOut += transaction.bytesOut
  if (exchange.reason === 'upstream_truncated' && exchange.worker !== null)
    deps.metrics.upstreamFailed(exchange.worker, kindOf(exchange.cause))
  deps.metrics.settled(exchange)
  // Probes come every second and say nothing.
  if (exchange.route === 'internal') return
  deps.recent.ended(exchange)
  deps.accessLog(exchange)
}

function kindOf(cause: unknown): string {
  return cause instanceof UpstreamError ? cause.kind : 'truncated'
}
