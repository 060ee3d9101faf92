/** Tokens that were verified a moment ago: kept by their hash, so that no token lies in memory. */

import { hash } from 'node:crypto'

import type { Identity } from '../identity.ts'

interface Kept {
  readonly identity: Identity
  readonly until: number
}

/** At most so many; the one that was not used for longest goes first. */
const mostTokens = 1_000
/** How long nobody looks again, in milliseconds: a key that was taken back counts no longer than this. */
const keptMs = 60_000

/** A bounded cache. */
export class TokenCache {
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number

  /** @param now wall-clock milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Key of a token. */
  keyOf(token: string): string {
    return hash('sha256', token, 'base64')
  }

  /** Whose token it is; null when it has to be looked at. */
  get(key: string): Identity | null {
    const kept = this.#kept.get(key)
    if (kept === undefined || kept.until <= this.#now()) return null
    return kept.identity
  }

  /** Keeps what was found out; for a token that was kept before the same object goes on. */
  put(key: string, identity: Identity): Identity {
    const before = this.#kept.get(key)?.identity ?? identity
    this.#kept.delete(key)
    this.#kept.set(key, {
      identity: before,
      until: Math.min(this.#now() + keptMs, identity.expiresAt ?? Number.POSITIVE_INFINITY),
    })
    if (this.#kept.size > mostTokens) this.#evict()
    return before
  }

  #evict(): void {
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }
}
