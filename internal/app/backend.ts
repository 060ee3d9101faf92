/**
 * One routed worker as the request path sees it: how paths and heads look to it, where it can be reached now,
 * and the requests that wait for it.
 */

import type { EventEmitter } from 'node:events'
import type { RoutedWorker } from '../config/config.ts'
import { failure, type Failure } from '../fault/failure.ts'
import type { OutgoingRules } from '../proxy/outgoing.ts'
import { Upstream, type UpstreamOptions } from '../proxy/upstream.ts'
import { dropSegments } from '../route/table.ts'
import type { PathTarget } from '../route/target.ts'
import type { Worker, WorkerState } from '../worker/types.ts'

/** Settings shared by all backends. */
export interface BackendOptions {
  readonly rootPath: string
  readonly upstream: UpstreamOptions
  /** How long a request waits for a worker that (re)starts, in milliseconds. */
  readonly holdMs: number
  /** How many requests may wait at the same time. */
  readonly maxHeld: number
}

/** Whether a request may go on: now, later, or not at all. */
export type Admission = Upstream | Failure | Promise<Upstream | Failure>

/** The end of whoever waits, whose place others need: a response or a socket. */
export type Leaving = Pick<EventEmitter, 'once' | 'off'>

/** Seconds after which a client should try again. */
const retryAfterS = 2

/** A worker behind a mount. */
export class Backend {
  readonly worker: Worker
  readonly config: RoutedWorker
  readonly rules: OutgoingRules
  readonly #options: BackendOptions
  readonly #base: string
  readonly #waiting = new Set<(state: WorkerState) => void>()
  #upstream: Upstream | null = null

  constructor(worker: Worker, config: RoutedWorker, options: BackendOptions) {
    this.worker = worker
    this.config = config
    this.#options = options
    this.#base = config.kind !== 'static' && config.run.kind === 'url' ? config.run.basePath : ''
    this.rules = { prefix: this.#hiddenPrefix(), ownOrigin: config.kind === 'streamlit' }
    this.#follow(worker.state)
    worker.onChange((state) => this.#follow(state))
  }

  /** Number of requests waiting. */
  get held(): number {
    return this.#waiting.size
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
    const { state } = this.worker
    switch (state.kind) {
      case 'ready':
      case 'unhealthy':
        return this.#upstream ?? { ...failure('worker_down'), retryAfterS }
      case 'starting':
      case 'backing-off':
        return this.#wait(isNavigation, client)
      case 'failed':
        return { ...failure('worker_down'), retryAfterS: 10 }
      case 'draining':
        return { ...failure('draining'), retryAfterS }
      case 'stopped':
        // Before its first start, while its program is being looked at, it only seems to have ended.
        return this.worker.everReady ? { ...failure('draining'), retryAfterS } : this.#wait(isNavigation, client)
    }
  }

  /** Asks again after `failed` broke: another connection, or the next generation once the death is noticed. */
  async readmit(failed: Upstream): Promise<Upstream | Failure> {
    if (this.#upstream === failed) await this.#change(deathNoticeMs, null)
    return this.admit(false, null)
  }

  /** Ends the connections to the worker. */
  async close(): Promise<void> {
    await this.#upstream?.destroy()
  }

  #follow(state: WorkerState): void {
    const address = state.kind === 'ready' || state.kind === 'unhealthy' ? state.address : null
    if (address !== this.#upstream?.address) {
      // Requests in flight to the previous generation finish or fail with it.
      void this.#upstream?.close().catch(() => undefined)
      this.#upstream = address === null ? null : new Upstream(address, this.#options.upstream)
    }
    for (const waiter of this.#waiting) waiter(state)
  }

  #wait(isNavigation: boolean, client: Leaving | null): Admission {
    if (isNavigation && !this.worker.everReady) return { ...failure('worker_starting'), retryAfterS }
    return this.#hold(client)
  }

  #hold(client: Leaving | null): Promise<Upstream | Failure> | Failure {
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
      const waiter = (state: WorkerState): void => {
        if (wanted(state)) done(true)
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

/** How long after a broken connection the death of its worker may take to be noticed. */
const deathNoticeMs = 250

function isSettled(state: WorkerState): boolean {
  return state.kind !== 'starting' && state.kind !== 'backing-off'
}
