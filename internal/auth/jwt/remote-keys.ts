/**
 * The keys of an issuer, fetched from where it publishes them. Known keys go on working while the address fails; strangers'
 * tokens cause one fetch per pause, however many come.
 */

import type { Logger } from '../../log/types.ts'
import type { KeySet } from './key-set.ts'

/** How often keys are fetched and how long they are used; milliseconds. */
export interface RemoteRules {
  /** Shortest time between two fetches because of an unknown key. */
  readonly cooldownMs: number
  readonly maxAgeMs: number
  /** How long known keys are used beyond that while the address fails. */
  readonly staleMs: number
}

/** What remote keys are made of. */
export interface RemoteParts {
  readonly rules: RemoteRules
  /** Fetches the set. Rejects when there is none to be had; ends by itself in time. */
  readonly fetch: () => Promise<KeySet>
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly logger: Logger
  readonly issuer: string
  readonly fetched: (result: 'ok' | 'error') => void
}

/** Part of the age after which keys are fetched again while the known ones are still used. */
const earlyPart = 0.8
const firstPauseMs = 1_000
const longestPauseMs = 30_000

/** Keys of one issuer. */
export class RemoteKeys {
  readonly #parts: RemoteParts
  #set: KeySet | null = null
  #fetchedAt = 0
  #pending: Promise<void> | null = null
  #failures = 0
  #lastAttempt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(parts: RemoteParts) {
    this.#parts = parts
  }

  /** Begins to fetch before anybody asks. */
  warm(): void {
    void this.#refresh()
  }

  /** The keys as they are known, or null when there are none at the moment; a promise only where waiting helps. */
  current(): KeySet | null | Promise<KeySet | null> {
    const { maxAgeMs, staleMs } = this.#parts.rules
    const age = this.#set === null ? Number.POSITIVE_INFINITY : this.#parts.now() - this.#fetchedAt
    if (age > maxAgeMs * earlyPart && !this.#pausing()) void this.#refresh()
    const usable = age <= maxAgeMs + staleMs ? this.#set : null
    if (usable !== null && (age <= maxAgeMs || this.#failures > 0)) return usable
    if (this.#pending === null) return usable
    return this.#pending.then(() => (this.#failures === 0 ? this.#set : usable))
  }

  /** The keys after a look for one that is not among them; the same set when it is too early to look again. */
  afterMiss(): KeySet | null | Promise<KeySet | null> {
    const early = this.#parts.now() - this.#lastAttempt < this.#parts.rules.cooldownMs
    if (this.#pending === null && !early && !this.#pausing()) void this.#refresh()
    return this.#pending === null ? this.#set : this.#pending.then(() => this.#set)
  }

  /** Whether the last fetch failed: nobody can say then that a key does not exist. */
  get failing(): boolean {
    return this.#failures > 0
  }

  /** Nothing is fetched any more. */
  close(): void {
    this.#closed = true
  }

  #pausing(): boolean {
    if (this.#failures === 0) return false
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#failures - 1))
    return this.#parts.now() - this.#lastAttempt < pause
  }

  #refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#pending ??= this.#fetch().finally(() => (this.#pending = null))
    return this.#pending
  }

  async #fetch(): Promise<void> {
    const { fetch, fetched, issuer, logger, now } = this.#parts
    this.#lastAttempt = now()
    try {
      const set = await fetch()
      this.#set = set
      this.#fetchedAt = now()
      this.#failures = 0
      fetched('ok')
      for (const reason of set.refused) logger.warn({ issuer, reason }, 'a key of the issuer is not used')
    } catch (error) {
      this.#failures += 1
      fetched('error')
      const reason = error instanceof Error ? error.message : String(error)
      logger.warn({ issuer, reason, known_keys: this.#set?.keys.length ?? 0 }, 'the keys cannot be fetched')
    }
  }
}
