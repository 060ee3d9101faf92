/**
 * Open WebSockets, judged again while they are open: a socket lives for hours, and whoever opened it may have signed out,
 * lost a group or run out meanwhile. The judgement is the one of the handshake, with the handshake's own head.
 */

import type { AccessRequest } from './credential.ts'
import type { Decision } from './decision.ts'
import type { Identity } from './identity.ts'
import { PageHandles } from './page-handles.ts'

/** One open WebSocket. */
export interface GuardedSocket {
  /**
   * Ends it: whoever opened it may not have it any longer.
   * @param location where a page that has it should go; null = it should load itself again
   */
  dismiss(location: string | null): void
}

/** Judges a request as the configuration in force does. */
export type Judge = (request: AccessRequest) => Decision | Promise<Decision>

/** What {@link SocketGuard} is made with. */
export interface SocketGuardOptions {
  /** Told of every socket that is ended. */
  readonly onDismissed: (request: AccessRequest, reason: string) => void
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

interface Entry {
  readonly request: AccessRequest
  readonly socket: GuardedSocket
  identity: Identity
  /** Monotonic time of the next judgement. */
  judgeAt: number
  /** Judgements in a row for which nobody could be asked. */
  unknown: number
  judging: boolean
}

const tickMs = 1_000

/** So often nobody may be reachable before a socket is ended. */
const mostUnknown = 3

/** Watches over open WebSockets. */
export class SocketGuard {
  /** What pages behind them show the workers' own listener. */
  readonly handles = new PageHandles()
  readonly #options: SocketGuardOptions
  readonly #now: () => number
  readonly #entries = new Set<Entry>()
  readonly #bySession = new Map<string, Set<Entry>>()
  #judge: Judge | null = null
  #everyMs = 30_000
  #timer: NodeJS.Timeout | null = null

  constructor(options: SocketGuardOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Sockets that are watched. */
  get size(): number {
    return this.#entries.size
  }

  /** Sockets of a session that are open. */
  openOf(key: string): number {
    return this.#bySession.get(key)?.size ?? 0
  }

  /** From now on by this judge; all sockets are judged anew. @param judge null = nobody is asked any more */
  judgeBy(judge: Judge | null, everyMs: number): void {
    this.#judge = judge
    this.#everyMs = everyMs
    for (const entry of this.#entries) this.#again(entry)
  }

  /** Watches over a socket until what it returns is called. */
  guard(request: AccessRequest, identity: Identity, socket: GuardedSocket): () => void {
    // Soon for the first time: what has ended while the worker agreed was told to nobody.
    const judgeAt = performance.now()
    const entry: Entry = {
      request: { ...request, recheck: identity },
      socket,
      identity,
      judgeAt,
      unknown: 0,
      judging: false,
    }
    this.#entries.add(entry)
    this.#enter(entry)
    this.handles.open(request.exchange, entry)
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref()
    return () => this.#release(entry)
  }

  /** A session is over: its sockets are, too. @param location where its pages should go; null = load themselves again */
  sessionEnded(key: string, why: string, location: string | null = null): void {
    for (const entry of this.#bySession.get(key) ?? []) this.#dismiss(entry, why, location)
  }

  /** Something about the person has changed: what they may is looked up again. */
  sessionChanged(key: string): void {
    for (const entry of this.#bySession.get(key) ?? []) this.#again(entry)
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #tick(): void {
    const monotonic = performance.now()
    const now = this.#now()
    for (const entry of this.#entries) {
      const { expiresAt } = entry.identity
      if (monotonic >= entry.judgeAt || (expiresAt !== null && now >= expiresAt)) this.#again(entry)
    }
  }

  #again(entry: Entry): void {
    const judge = this.#judge
    if (judge === null || entry.judging) return
    entry.judgeAt = performance.now() + this.#everyMs
    const decided = judge(entry.request)
    if (!(decided instanceof Promise)) return this.#follow(entry, decided)
    entry.judging = true
    decided
      .then((decision) => this.#follow(entry, decision))
      .catch(() => this.#dismiss(entry, 'internal'))
      .finally(() => (entry.judging = false))
  }

  #follow(entry: Entry, decision: Decision): void {
    if (!this.#entries.has(entry)) return
    if (decision.kind === 'allow') {
      entry.unknown = 0
      if (decision.identity !== null && decision.identity !== entry.identity)
        this.#rename(entry, decision.identity)
      return
    }
    const reason = decision.kind === 'deny' ? decision.failure.code : 'unauthenticated'
    if (reason === 'auth_unavailable') {
      entry.unknown += 1
      if (entry.unknown < mostUnknown) return
    }
    this.#dismiss(entry, reason)
  }

  #rename(entry: Entry, identity: Identity): void {
    this.#leave(entry)
    entry.identity = identity
    this.#enter(entry)
  }

  #dismiss(entry: Entry, reason: string, location: string | null = null): void {
    if (!this.#entries.has(entry)) return
    this.#release(entry)
    this.#options.onDismissed(entry.request, reason)
    entry.socket.dismiss(location)
  }

  #release(entry: Entry): void {
    this.#entries.delete(entry)
    this.#leave(entry)
    this.handles.close(entry.request.exchange)
    if (this.#entries.size === 0) this.close()
  }

  #enter(entry: Entry): void {
    const { sessionKey } = entry.identity
    if (sessionKey === null) return
    const known = this.#bySession.get(sessionKey) ?? new Set()
    known.add(entry)
    this.#bySession.set(sessionKey, known)
  }

  #leave(entry: Entry): void {
    const { sessionKey } = entry.identity
    const known = sessionKey === null ? undefined : this.#bySession.get(sessionKey)
    known?.delete(entry)
    if (sessionKey !== null && known?.size === 0) this.#bySession.delete(sessionKey)
  }
}
