/** The pooled connections to one generation of one worker. */

import { Pool, type Dispatcher } from 'undici'
import type { Address } from '../config/config.ts'

/** Time limits and sizes of a pool. Milliseconds; 0 = off. */
export interface UpstreamOptions {
  readonly connectMs: number
  readonly responseHeadersMs: number
  readonly responseIdleMs: number
  /** Must be below the worker's own keep-alive, so that the side that sends is the side that closes. */
  readonly keepAliveMs: number
  /** Largest number of connections, and so of requests in flight. */
  readonly connections: number
  /** Largest answer head in bytes. */
  readonly headerBytes: number
}

/** One request towards a worker. `headers` is a flat name, value list. */
export interface UpstreamRequest {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: Dispatcher.DispatchOptions['body']
}

/** Callbacks of one answer, named after its stages. */
export type ResponseHandler = Dispatcher.DispatchHandler

/** What the relay calls; a small surface so that another engine can take undici's place. */
export class Upstream {
  readonly address: Address
  /** Requests being answered; kept by the request path, which knows when an answer has left. */
  inFlight = 0
  readonly #pool: Pool

  constructor(address: Address, options: UpstreamOptions) {
    this.address = address
    this.#pool = new Pool(originOf(address), {
      connections: options.connections,
      // One request in flight per connection: an answer can never belong to somebody else's request.
      pipelining: 1,
      connect: {
        timeout: options.connectMs,
        ...(address.kind === 'unix' ? { socketPath: address.path } : {}),
      },
      headersTimeout: options.responseHeadersMs,
      bodyTimeout: options.responseIdleMs,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: options.keepAliveMs,
      maxHeaderSize: options.headerBytes,
    })
  }

  /** Sends one request; never throws, every outcome arrives at `handler`. */
  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    this.#pool.dispatch(
      { method: request.method, path: request.path, headers: request.headers, body: request.body ?? null },
      handler,
    )
  }

  /** Lets requests in flight finish, then closes the connections. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** Ends everything now. */
  destroy(): Promise<void> {
    return this.#pool.destroy()
  }
}

/** Origin for the pool. Over a Unix socket the name is never looked up. */
function originOf(address: Address): string {
  if (address.kind === 'unix') return 'http://localhost'
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `http://${host}:${address.port}`
}
