/** How often one client may do something that costs the gateway or the provider work. */

/** What {@link RateLimit} allows. */
export interface Rate {
  /** At once. */
  readonly burst: number
  readonly perMinute: number
}

interface Bucket {
  left: number
  at: number
}

/** So many clients are remembered; beyond that the ones that asked longest ago are forgotten. */
const mostClients = 10_000

/** A bucket for every client. */
export class RateLimit {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** Takes one. @returns null, or the seconds after which there is one again */
  take(client: string, now = performance.now()): number | null {
    const { burst, perMinute } = this.#rate
    const known = this.#buckets.get(client) ?? { left: burst, at: now }
    const left = Math.min(burst, known.left + ((now - known.at) * perMinute) / 60_000)
    this.#buckets.delete(client)
    this.#buckets.set(client, { left: left >= 1 ? left - 1 : left, at: now })
    if (this.#buckets.size > mostClients) this.#forgetOldest()
    return left >= 1 ? null : Math.ceil(((1 - left) * 60) / perMinute)
  }

  #forgetOldest(): void {
    for (const client of this.#buckets.keys()) {
      this.#buckets.delete(client)
      return
    }
  }
}
