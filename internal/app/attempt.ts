/** One request on its way to its worker: `forward`, and once more when that is safe. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '../exchange/exchange.ts'
import type { Head } from '../exchange/head.ts'
import { failure, type Failure } from '../fault/failure.ts'
import { RequestBody } from '../proxy/body.ts'
import { outgoingHead } from '../proxy/outgoing.ts'
import { Relay } from '../proxy/relay.ts'
import { wasNeverSent } from '../proxy/translate.ts'
import { Upstream } from '../proxy/upstream.ts'
import type { Route } from '../route/table.ts'
import type { PathTarget } from '../route/target.ts'
import { refuse } from './answer.ts'
import type { Backend } from './backend.ts'
import type { RequestDeps } from './deps.ts'
import { namesFile } from './streamlit.ts'

/** A route that ends at a worker. */
export type WorkerRoute = Extract<Route, { kind: 'worker' }>

/** One request with all that its stages have found out about it. */
export interface Handling {
  readonly deps: RequestDeps
  readonly exchange: Exchange
  readonly head: Head
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Everything needed to send the request to its worker, and to send it once more when that is safe. */
export class Attempt {
  readonly backend: Backend
  readonly #handling: Handling
  readonly #path: string
  readonly #expectsFile: boolean
  readonly #body: RequestBody | null
  readonly #heldSince = performance.now()
  #bodyStarted = false
  /** Where the request is now; null while it waits. */
  #sent: { readonly upstream: Upstream; readonly relay: Relay } | null = null
  #retried = false
  readonly #failedAt = new Set<Upstream>()

  constructor(handling: Handling, backend: Backend, target: PathTarget, route: WorkerRoute) {
    this.backend = backend
    this.#handling = handling
    this.#path = backend.pathFor(target, route.rootSegments, route.mountSegments)
    this.#expectsFile = backend.config.kind === 'streamlit' && namesFile(route.below)
    const { head, response } = handling
    // One listener, however often the request is sent.
    response.once('close', () => this.#closed())
    this.#body =
      head.chunked || (head.contentLength ?? 0) > 0 ? new RequestBody(backend.config.maxBodyBytes) : null
  }

  /** Goes on after a wait. */
  resume(outcome: Upstream | Failure): void {
    const { exchange, response } = this.#handling
    exchange.heldMs = performance.now() - this.#heldSince
    if (response.destroyed || response.closed) return
    if (outcome instanceof Upstream) this.send(outcome)
    else refuse(exchange, response, outcome)
  }

  send(upstream: Upstream): void {
    const { exchange, head, request, response } = this.#handling
    exchange.worker = this.backend.config.name
    const headers = outgoingHead(exchange, head, this.backend.rules)
    if (this.#body !== null) {
      if (head.contentLength !== null) headers.push('Content-Length', String(head.contentLength))
      this.#startBody(this.#body)
    }
    const relay = new Relay({
      exchange,
      request,
      response,
      expectsFile: this.#expectsFile,
      onFailure: (reason, error) => this.#failed(upstream, reason, error),
    })
    this.#sent = { upstream, relay }
    upstream.inFlight += 1
    try {
      upstream.dispatch({ method: head.method, path: this.#path, headers, body: this.#body }, relay)
    } catch (error) {
      this.#failed(upstream, { ...failure('internal'), cause: error }, null)
    }
  }

  #closed(): void {
    if (this.#sent === null) return
    this.#sent.upstream.inFlight -= 1
    if (!this.#handling.response.writableFinished) this.#sent.relay.abandon()
  }

  #startBody(body: RequestBody): void {
    if (this.#bodyStarted) return
    this.#bodyStarted = true
    const { exchange, head, request, response } = this.#handling
    // Before the record is settled, which waits for the same event.
    response.prependOnceListener('close', () => {
      exchange.bytesIn = body.bytes
    })
    // Sent only now that route, size and worker are settled (RFC 9110 10.1.1); never passed on.
    if (head.expectsContinue) response.writeContinue()
    body.once('error', () => request.unpipe(body))
    request.once('aborted', () => body.destroy())
    request.pipe(body)
  }

  #failed(upstream: Upstream, reason: Failure, error: unknown): void {
    const { exchange, response } = this.#handling
    if (error === null || !this.#mayRepeat(reason, error)) return refuse(exchange, response, reason)
    this.#retried = true
    upstream.inFlight -= 1
    this.#sent = null
    this.#failedAt.add(upstream)
    void this.backend.readmit(this.#failedAt, response).then((outcome) => this.resume(outcome))
  }

  /**
   * A connection that was refused took nothing with it: any request may go again, until it has waited long enough
   * (a worker that ends by itself stops listening before its end is noticed). Otherwise GET, HEAD and OPTIONS
   * without a body go once more, as long as no byte of an answer came. A timeout would only take as long again,
   * and an invalid answer is an answer.
   */
  #mayRepeat(reason: Failure, error: unknown): boolean {
    const { head } = this.#handling
    if (reason.code === 'worker_down' && wasNeverSent(error)) {
      const untouched = this.#body === null || !(this.#body.destroyed || this.#body.readableDidRead)
      return untouched && performance.now() - this.#heldSince < this.backend.holdMs
    }
    const safe = head.method === 'GET' || head.method === 'HEAD' || head.method === 'OPTIONS'
    const unanswered = reason.code === 'upstream_failed' || reason.code === 'worker_down'
    return safe && unanswered && this.#body === null && !this.#retried
  }
}
