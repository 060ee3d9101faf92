/** One request on its way to its worker: `admit -> forward`, and once more when that is safe. */

import { answered } from '../exchange/exchange.ts'
import { hasBody, type Head } from '../exchange/head.ts'
import { failure, type Failure } from '../fault/failure.ts'
import type { ClientConnection, UpstreamError } from '../http1/client-connection.ts'
import type { AnswerHead } from '../http1/head.ts'
import { disagreement } from '../proxy/agree.ts'
import { agreementLines } from '../proxy/incoming.ts'
import { outgoingRequest } from '../proxy/outgoing.ts'
import { Relay, type RelayOwner } from '../proxy/relay.ts'
import { wasNeverSent } from '../proxy/translate.ts'
import { notSignedIn, Tunnel } from '../proxy/tunnel.ts'
import { Upstream } from '../proxy/upstream.ts'
import type { Route } from '../route/table.ts'
import type { PathTarget } from '../route/target.ts'
import { refuse } from './answer.ts'
import type { Admitted, Backend } from './backend.ts'
import type { Handling } from './handling.ts'
import { refuseSocket } from './sockets.ts'
import { namesFile, goTo } from './streamlit.ts'

/** The page that signed out is on its way already, and must not be called back. */
const leavingMs = 1_000

/** A route that ends at a worker. */
export type WorkerRoute = Extract<Route, { kind: 'worker' }>

/** Everything needed to send the request to its worker, and to send it once more when that is safe. */
export class Attempt implements RelayOwner {
  readonly #backend: Backend
  readonly #handling: Handling
  readonly #path: string
  readonly #expectsFile: boolean
  #heldSince = 0
  #relay: Relay | null = null
  /** Where the request is now. */
  #upstream: Upstream | null = null
  #retried = false
  #failedAt: Set<Upstream> | null = null

  constructor(handling: Handling, backend: Backend, target: PathTarget, route: WorkerRoute) {
    this.#backend = backend
    this.#handling = handling
    this.#path = backend.pathFor(target, route.rootSegments, route.mountSegments)
    this.#expectsFile = backend.config.kind === 'streamlit' && namesFile(route.below)
  }

  /** Asks for the worker and goes on, now or after a wait. */
  admit(): void {
    const { head, connection } = this.#handling
    // A socket is never a page load: it waits.
    const admission = this.#backend.admit(head.isNavigation && head.websocket === null, connection.socket)
    if (!(admission instanceof Promise)) return this.#go(admission)
    this.#wait(admission)
  }

  #wait(admission: Promise<Admitted>): void {
    if (this.#heldSince === 0) this.#heldSince = performance.now()
    void admission.then((outcome) => {
      const { exchange, transaction } = this.#handling
      exchange.heldMs = performance.now() - this.#heldSince
      if (!transaction.done) this.#go(outcome)
    })
  }

  #go(outcome: Admitted): void {
    const { exchange, transaction } = this.#handling
    if (outcome instanceof Upstream) this.#send(outcome)
    else if (outcome === 'moved') this.#handling.again()
    else refuse(exchange, transaction, outcome)
  }

  #send(upstream: Upstream): void {
    const { deps, exchange, head, transaction } = this.#handling
    const { config, rules } = this.#backend
    const isHandshake = head.websocket !== null
    const crowd = isHandshake ? refuseSocket(deps) : null
    if (crowd !== null) return refuse(exchange, transaction, crowd)
    exchange.worker = config.name
    exchange.generation = this.#backend.generation
    exchange.upstream = upstream.address
    exchange.attempts += 1
    upstream.inFlight += 1
    if (isHandshake) this.#backend.handshakes += 1
    this.#upstream = upstream
    this.#relay = new Relay(
      {
        exchange,
        head,
        transaction,
        request: outgoingRequest(exchange, this.#headFor(upstream), rules, this.#path),
        headers: deps.headers.of(config.name),
        expectsFile: this.#expectsFile,
        maxBodyBytes: config.kind === 'static' ? 0 : config.maxBodyBytes,
        owner: this,
      },
      upstream.connection(isHandshake),
    )
  }

  #headFor({ address }: Upstream): Head {
    const { deps, head } = this.#handling
    if (head.websocket === null || this.#backend.config.kind !== 'streamlit') return head
    return deps.resumption?.handshakeFor(address, head) ?? head
  }

  relayEnded(): void {
    if (this.#upstream !== null) this.#upstream.inFlight -= 1
    if (this.#handling.head.websocket !== null) this.#backend.handshakes -= 1
  }

  relayFailed(reason: Failure, error: UpstreamError | null): void {
    const { exchange, transaction, connection } = this.#handling
    if (error !== null || reason.code === 'upstream_invalid') this.#tellFailed(error?.kind ?? 'invalid')
    if (error === null || !this.#mayRepeat(reason, error)) return refuse(exchange, transaction, reason)
    this.#retried = true
    this.#handling.deps.metrics.retried(this.#backend.config.name)
    this.#failedAt ??= new Set()
    if (this.#upstream !== null) this.#failedAt.add(this.#upstream)
    this.#wait(this.#backend.readmit(this.#failedAt, connection.socket))
  }

  /**
   * A connection that was refused took nothing with it: any request may go again, until it has waited long enough
   * (a worker that ends by itself stops listening before its end is noticed). Otherwise GET, HEAD and OPTIONS
   * without a body go once more, as long as no byte of an answer came. A timeout would only take as long again,
   * and an invalid answer is an answer.
   */
  #mayRepeat(reason: Failure, error: UpstreamError): boolean {
    const { head } = this.#handling
    if (reason.code === 'worker_down' && wasNeverSent(error)) {
      const waited = this.#heldSince === 0 ? 0 : performance.now() - this.#heldSince
      return this.#relay?.bodyBegun !== true && waited < this.#backend.holdMs
    }
    const safe = head.method === 'GET' || head.method === 'HEAD' || head.method === 'OPTIONS'
    const unanswered = reason.code === 'upstream_failed' || reason.code === 'worker_down'
    return safe && unanswered && head.websocket === null && !hasBody(head) && !this.#retried
  }

  #tellFailed(reason: string): void {
    this.#handling.deps.metrics.upstreamFailed(this.#backend.config.name, reason)
  }

  /** The worker said 101: when it meant this handshake, both ends are joined. */
  relaySwitched(
    worker: ClientConnection,
    answer: AnswerHead,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const { deps, exchange, head, transaction, connection } = this.#handling
    const complaint =
      head.websocket === null ? 'The application switched protocols.' : disagreement(head.websocket, answer)
    if (complaint !== null) {
      worker.abort()
      this.#tellFailed('invalid')
      return refuse(exchange, transaction, failure('upstream_invalid', complaint))
    }
    answered(exchange, 101)
    this.#handling.deps.metrics.opened(exchange)
    const tunnel = new Tunnel({
      exchange,
      client: connection,
      worker,
      idleMs: this.#backend.websocketIdleMs,
      stuckMs: this.#handling.deps.config.timeouts.bodyIdleMs,
      departures: this.#backend.departures,
      onClose: () => {
        release?.()
        this.#handling.settled(true)
      },
    })
    const release = this.#guard(tunnel)
    const rules = deps.headers.of(this.#backend.config.name)
    transaction.switchProtocols(agreementLines(answer, exchange.id, rules, exchange.passage))
    const early = connection.handOver(tunnel)
    if (this.#upstream !== null) this.#backend.hold(tunnel, this.#upstream, connection.socket)
    tunnel.open(early, bytes, start, end)
  }

  /** From now on the socket is judged again from time to time. @returns ends that */
  #guard(tunnel: Tunnel): (() => void) | null {
    const { deps, guarded } = this.#handling
    if (deps.sockets === null || guarded === null) return null
    const redirects = deps.config.auth?.login?.session.streamlitLoginRedirect ?? false
    const isPage = redirects && this.#backend.config.kind === 'streamlit'
    return deps.sockets.guard(guarded.request, guarded.identity, {
      dismiss: (location) =>
        tunnel.dismiss(notSignedIn, isPage ? goTo(location ?? '') : null, location === null ? 0 : leavingMs),
    })
  }
}
