/** How often somebody may do something: the generic cell rate algorithm, which keeps one number for each. */

/** What is allowed: one every so often, and so many at once. */
export interface Allowance {
  readonly intervalMs: number
  readonly burst: number
}

/** More are never remembered; whoever was seen longest ago is forgotten first. */
const mostKeys = 10_000

/** Counts by key. Memory is bounded whoever asks. */
export class RateLimiter {
  readonly #allowance: Allowance
  readonly #now: () => number
  readonly #most: number
  /** By key, the time at which nothing of the allowance is used any more. */
  readonly #full = new Map<string, number>()

  /** @param now monotonic milliseconds */
  constructor(allowance: Allowance, now: () => number, most = mostKeys) {
    this.#allowance = allowance
    this.#now = now
    this.#most = most
  }

  /** How many are remembered. */
  get size(): number {
    return this.#full.size
  }

  /** Takes one. @returns milliseconds until there is one; 0 = it was taken */
  take(key: string): number {
    const waitMs = this.wait(key)
    if (waitMs > 0) return waitMs
    const next = Math.max(this.#full.get(key) ?? 0, this.#now()) + this.#allowance.intervalMs
    this.#full.delete(key)
    this.#full.set(key, next)
    if (this.#full.size > this.#most) this.#forget()
    return 0
  }

  /** Milliseconds until there is one, without taking it. */
  wait(key: string): number {
    const full = this.#full.get(key)
    if (full === undefined) return 0
    const { intervalMs, burst } = this.#allowance
    return Math.max(0, full - this.#now() - intervalMs * (burst - 1))
  }

  #forget(): void {
    const now = this.#now()
    // Most are over long ago; of the others the oldest one goes.
    for (const [key, full] of this.#full) {
      if (full > now && this.#full.size <= this.#most) return
      this.#full.delete(key)
    }
  }
}

/** Whole seconds for `Retry-After`. */
export function retryAfter(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1_000))
}
