/**
 * One routed worker as the request path sees it: how paths and heads look to it, where it can be reached now,
 * and the requests that wait for it.
 */

import type { EventEmitter } from 'node:events'
import type { Address, RoutedWorker } from '../config/config.ts'
import { failure, type Failure } from '../fault/failure.ts'
import { Departures } from '../proxy/departures.ts'
import type { OutgoingRules } from '../proxy/outgoing.ts'
import { serviceRestart, type Tunnel } from '../proxy/tunnel.ts'
import { Upstream, type UpstreamOptions } from '../proxy/upstream.ts'
import { dropSegments } from '../route/table.ts'
import type { PathTarget } from '../route/target.ts'
import type { Worker, WorkerState } from '../worker/types.ts'
import { within } from './deadline.ts'

/** Settings shared by all backends. */
export interface BackendOptions {
  readonly rootPath: string
  readonly upstream: UpstreamOptions
  /** How long a request waits for a worker that (re)starts, in milliseconds. */
  readonly holdMs: number
  /** How many requests may wait at the same time. */
  readonly maxHeld: number
  /** How long a WebSocket may be silent, in milliseconds; 0 = for ever. */
  readonly websocketIdleMs: number
}

/**
 * Where a request goes on: to a process, not at all, or (`moved`) by whatever route there is now: this backend's worker
 * is gone, or reached in another way, so that the path computed for it means nothing any more.
 */
export type Admitted = Upstream | Failure | 'moved'

/** The same, now or after a wait. */
export type Admission = Admitted | Promise<Admitted>

/** The end of whoever waits, whose place others need: a response or a socket. */
export type Leaving = Pick<EventEmitter, 'once' | 'off'>

/** Seconds after which a client should try again. */
const retryAfterS = 2

/** A worker that may have several processes; each has an address of its own. */
export type RoutableWorker = Worker & { readonly addresses?: readonly Address[] }

/** What a backend does with requests. */
type Stage =
  | { readonly kind: 'serving' }
  /** Its worker ends before the next one is there: everything waits. */
  | { readonly kind: 'paused' }
  /** Another configuration is in force, with this backend's successor or without one. */
  | { readonly kind: 'released'; readonly successor: Backend | null }

/** A worker behind a mount. */
export class Backend {
  readonly worker: RoutableWorker
  readonly config: RoutedWorker
  readonly rules: OutgoingRules
  /** For its WebSockets, which may all end at once. */
  readonly departures = new Departures()
  /** WebSocket handshakes its worker has been asked for and not answered; kept by the request path. */
  handshakes = 0
  readonly #options: BackendOptions
  readonly #base: string
  /** Everything that decides which path and which host reach it. */
  readonly #way: string
  readonly #waiting = new Set<(state: WorkerState, released: boolean) => void>()
  readonly #tunnels: Map<Tunnel, Address>
  readonly #retiring = new Map<string, Promise<void>>()
  readonly #sessions: { lost: number }
  /** Resolved when the last WebSocket has closed. */
  #empty = Promise.withResolvers<void>()
  #upstreams: readonly Upstream[] = []
  #stage: Stage = { kind: 'serving' }
  /** Whether the worker was ever ready while this backend followed it. */
  #hasServed = false
  /** Set when every WebSocket is on its way out. */
  #closingCode: number | null = null

  /**
   * @param previous the backend of that name under the configuration before; its WebSockets go on when the worker does
   */
  constructor(
    worker: RoutableWorker,
    config: RoutedWorker,
    options: BackendOptions,
    previous: Backend | null = null,
  ) {
    this.worker = worker
    this.config = config
    this.#options = options
    this.#tunnels = previous?.worker === worker ? previous.#tunnels : new Map()
    this.#sessions = previous === null ? { lost: 0 } : previous.#sessions
    this.#base = config.kind !== 'static' && config.run.kind === 'url' ? config.run.basePath : ''
    const { kind, mount, hosts, stripPrefix } = config
    this.#way = JSON.stringify([kind, mount, hosts, stripPrefix, options.rootPath, this.#base])
    this.rules = { prefix: this.#hiddenPrefix(), ownOrigin: config.kind === 'streamlit' }
    this.#follow(worker.state)
    worker.onChange((state) => this.#follow(state))
  }

  /** How long a request may wait for the worker, in milliseconds. */
  get holdMs(): number {
    return this.#options.holdMs
  }

  /** How long a WebSocket to the worker may be silent, in milliseconds; 0 = for ever. */
  get websocketIdleMs(): number {
    return this.#options.websocketIdleMs
  }

  /** Number of the worker's start that requests go to now; 0 = there is none. */
  get generation(): number {
    const { state } = this.worker
    return 'generation' in state ? state.generation : 0
  }

  /** Requests waiting for the worker. */
  get held(): number {
    return this.#waiting.size
  }

  /** Requests being answered by it. */
  get inFlight(): number {
    return this.#upstreams.reduce((sum, upstream) => sum + upstream.inFlight, 0)
  }

  /** WebSockets open to it. */
  get tunnels(): number {
    return this.#tunnels.size
  }

  /** Streamlit sessions that were open when their process ended. */
  get sessionsLost(): number {
    return this.#sessions.lost
  }

  /**
   * The path the worker gets: the client's bytes, with what the worker does not know about cut off in front.
   * Streamlit knows its whole public path (`baseUrlPath`), so what an outer proxy removed is put back.
   */
  pathFor(target: PathTarget, rootSegments: number, mountSegments: number): string {
    const { config } = this
    if (config.stripPrefix)
      return this.#base + dropSegments(target.raw, rootSegments + mountSegments) + target.query
    if (config.kind !== 'streamlit') return this.#base + dropSegments(target.raw, rootSegments) + target.query
    const missing = rootSegments === 0 ? this.#options.rootPath : ''
    return this.#base + missing + target.raw + target.query
  }

  /**
   * Asks for the worker. A page load during the first start is refused at once, so that the person sees the
   * waiting page; everything else waits, because a short wait is cheaper than an error (design: held requests).
   */
  admit(isNavigation: boolean, client: Leaving | null): Admission {
    const stage = this.#stage
    if (stage.kind === 'paused') return this.#hold(client)
    if (stage.kind === 'released') {
      const { successor } = stage
      return successor !== null && successor.#way === this.#way
        ? successor.admit(isNavigation, client)
        : 'moved'
    }
    const { state } = this.worker
    switch (state.kind) {
      case 'ready':
      case 'unhealthy':
        return this.#freest()
      case 'starting':
      case 'backing-off':
        return this.#wait(isNavigation, client)
      case 'failed':
        return { ...failure('worker_down'), retryAfterS: 10 }
      case 'draining':
        return { ...failure('draining'), retryAfterS }
      case 'stopped':
        // Before its first start, while its program is being looked at or its predecessor ends, it only seems to have
        // ended.
        return this.#hasServed ? { ...failure('draining'), retryAfterS } : this.#wait(isNavigation, client)
    }
  }

  /**
   * Asks again after these broke: another process, or the next generation once the death is noticed. When all were
   * tried it waits before it begins anew, and forgets them.
   */
  async readmit(failed: Set<Upstream>, client: Leaving): Promise<Admitted> {
    const other = this.#leastBusy(failed)
    if (other !== null) return unlessFull(other)
    if (this.#waiting.size >= this.#options.maxHeld) return { ...failure('worker_starting'), retryAfterS }
    if (this.#upstreams.some((upstream) => failed.has(upstream))) await this.#change(deathNoticeMs, client)
    failed.clear()
    return this.admit(false, client)
  }

  /** Keeps an open WebSocket until it closes. */
  hold(tunnel: Tunnel, upstream: Upstream, closed: EventEmitter): void {
    const stage = this.#stage
    if (stage.kind === 'released' && stage.successor !== null)
      return stage.successor.hold(tunnel, upstream, closed)
    this.#tunnels.set(tunnel, upstream.address)
    closed.once('close', () => {
      this.#tunnels.delete(tunnel)
      if (this.#tunnels.size === 0) this.#empty.resolve()
    })
    // It opened while the others were being closed.
    if (this.#closingCode !== null) tunnel.close(this.#closingCode)
  }

  /** Ends every WebSocket with a close code, spread evenly over `ms` so that not all clients return at once. */
  closeTunnels(code: number, ms: number): void {
    this.#closingCode = code
    const tunnels = [...this.#tunnels.keys()]
    tunnels.forEach((tunnel, index) => {
      const wait = (ms * index) / tunnels.length
      if (wait === 0) tunnel.closeInTurn(code)
      else setTimeout(() => tunnel.close(code), wait).unref()
    })
  }

  /** WebSockets may open again. */
  welcomeTunnels(): void {
    this.#closingCode = null
  }

  /**
   * Waits until nothing is in flight to an address that is no longer routed to, at most `ms`. Its WebSockets
   * are then ended with 1012: the client comes back and finds the new process.
   */
  async retire(address: Address, ms: number): Promise<void> {
    await within(ms, this.#retiring.get(addressKey(address)) ?? Promise.resolve())
    for (const [tunnel, at] of this.#tunnels)
      if (addressKey(at) === addressKey(address)) tunnel.closeInTurn(serviceRestart)
  }

  /** Whether `options` would make no difference to this backend. Never, once it was released. */
  isMadeWith(options: BackendOptions): boolean {
    return this.#stage.kind !== 'released' && JSON.stringify(options) === JSON.stringify(this.#options)
  }

  /**
   * Its worker is about to end before another is there: requests wait from now on, until {@link release}. Resolves
   * when nothing is in flight any more, after `ms` at the latest.
   */
  async pause(ms: number): Promise<void> {
    this.#stage = { kind: 'paused' }
    await this.#letGo(ms)
  }

  /**
   * Nothing is routed here any more: waits at most `ms` for what is in flight. WebSockets stay open. Requests that
   * wait go on to `successor`, the backend of that name under the configuration now in force, or are `moved`.
   */
  async release(ms: number, successor: Backend | null): Promise<void> {
    this.#stage = { kind: 'released', successor }
    for (const waiter of this.#waiting) waiter(this.worker.state, true)
    await this.#letGo(ms)
  }

  /**
   * Its worker is about to end for good: closes its WebSockets with 1012, and waits a moment until their clients have
   * been told. @returns how many sessions are lost by that
   */
  async endSessions(): Promise<number> {
    const lost = this.config.kind === 'streamlit' ? this.#tunnels.size : 0
    this.#sessions.lost += lost
    this.closeTunnels(serviceRestart, 0)
    if (this.#tunnels.size === 0) return lost
    this.#empty = Promise.withResolvers()
    await within(goodbyesMs, this.#empty.promise)
    return lost
  }

  /** Ends the connections to the worker. */
  async close(): Promise<void> {
    for (const tunnel of this.#tunnels.keys()) tunnel.destroy()
    for (const upstream of this.#upstreams) upstream.destroy()
  }

  #follow(state: WorkerState): void {
    if (this.#stage.kind !== 'serving') return
    this.#hasServed ||= state.kind === 'ready'
    const wanted = addressesOf(this.worker, state)
    const kept = this.#upstreams.filter(({ address }) =>
      wanted.some((one) => addressKey(one) === addressKey(address)),
    )
    for (const upstream of this.#upstreams) if (!kept.includes(upstream)) this.#leave(upstream)
    const fresh = wanted.filter((one) => !kept.some(({ address }) => addressKey(address) === addressKey(one)))
    this.#upstreams = [...kept, ...fresh.map((address) => new Upstream(address, this.#options.upstream))]
    for (const waiter of this.#waiting) waiter(state, false)
  }

  async #letGo(ms: number): Promise<void> {
    for (const upstream of this.#upstreams) this.#retire(upstream)
    this.#upstreams = []
    await within(ms, Promise.all(this.#retiring.values()))
  }

  /** A process serves no more. Of one run elsewhere nobody knows whether it has ended. */
  #leave(upstream: Upstream): void {
    const key = addressKey(upstream.address)
    if (this.config.kind === 'streamlit' && this.worker.spawned)
      for (const at of this.#tunnels.values()) if (addressKey(at) === key) this.#sessions.lost += 1
    this.#retire(upstream)
  }

  /** Requests in flight to a process that is no longer routed to finish, or fail with it. */
  #retire(upstream: Upstream): void {
    const key = addressKey(upstream.address)
    const closed = upstream
      .close()
      .catch(() => undefined)
      .finally(() => {
        if (this.#retiring.get(key) === closed) this.#retiring.delete(key)
      })
    this.#retiring.set(key, closed)
  }

  /** A process that may have another request. */
  #freest(): Upstream | Failure {
    const upstream = this.#leastBusy(none)
    if (upstream === null) return { ...failure('worker_down'), retryAfterS }
    return unlessFull(upstream)
  }

  #leastBusy(except: ReadonlySet<Upstream>): Upstream | null {
    let best: Upstream | null = null
    for (const upstream of this.#upstreams) {
      if (!except.has(upstream) && (best === null || upstream.inFlight < best.inFlight)) best = upstream
    }
    return best
  }

  #wait(isNavigation: boolean, client: Leaving | null): Admission {
    if (isNavigation && !this.worker.everReady) return { ...failure('worker_starting'), retryAfterS }
    return this.#hold(client)
  }

  #hold(client: Leaving | null): Promise<Admitted> | Failure {
    if (this.#waiting.size >= this.#options.maxHeld) return { ...failure('worker_starting'), retryAfterS }
    return this.#change(this.#options.holdMs, client, isSettled).then((changed) =>
      changed ? this.admit(false, client) : { ...failure('worker_starting'), retryAfterS },
    )
  }

  /** Resolves true at the next state that `wanted` accepts, false after `ms` or when the client left. */
  #change(
    ms: number,
    client: Leaving | null,
    wanted: (state: WorkerState) => boolean = () => true,
  ): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (changed: boolean): void => {
        clearTimeout(timer)
        this.#waiting.delete(waiter)
        client?.off('close', leave)
        resolve(changed)
      }
      const leave = (): void => done(false)
      const waiter = (state: WorkerState, released: boolean): void => {
        if (released || wanted(state)) done(true)
      }
      const timer = setTimeout(done, ms, false)
      this.#waiting.add(waiter)
      client?.once('close', leave)
    })
  }

  #hiddenPrefix(): string {
    const { config } = this
    const mount = config.stripPrefix && config.mount !== '/' ? config.mount : ''
    return config.kind === 'streamlit' && !config.stripPrefix ? '' : this.#options.rootPath + mount
  }
}

/** How long the clients of a worker that ends may take to hear of it, in milliseconds. */
const goodbyesMs = 5_000

const none: ReadonlySet<Upstream> = new Set()

/** How long after a broken connection the death of its worker may take to be noticed. */
const deathNoticeMs = 250

function unlessFull(upstream: Upstream): Upstream | Failure {
  return upstream.isFull ? { ...failure('worker_busy'), retryAfterS } : upstream
}

function isSettled(state: WorkerState): boolean {
  return state.kind !== 'starting' && state.kind !== 'backing-off'
}

/**
 * Where requests go. A process of ours that does not answer its probes may be busy, and is ended if it hangs; one that
 * is run elsewhere is gone, and asking it would only make clients wait for the same refusal.
 */
function addressesOf(worker: RoutableWorker, state: WorkerState): readonly Address[] {
  if (state.kind !== 'ready' && !(state.kind === 'unhealthy' && worker.spawned)) return []
  return worker.addresses ?? (state.address === null ? [] : [state.address])
}

function addressKey(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
}
