/** How often one client may show something wrong before it has to wait: guessing, and filling the log, take time. */

import { failure } from '../fault/failure.ts'
import type { Credential } from './credential.ts'
import { RateLimiter, retryAfter } from './rate.ts'
import type { SharedRates } from './shared-rates.ts'

/** This many at once, and one more every so often. */
const allowance = { intervalMs: 1_000, burst: 20 }

/** Failed attempts by client address. */
export class FailedAttempts {
  readonly #limiter: RateLimiter
  readonly #shared: Pick<SharedRates, 'take' | 'wait'> | null

  /**
   * @param now monotonic milliseconds
   * @param shared counts of all gateways together; null = this one counts alone
   */
  constructor(now: () => number, shared: Pick<SharedRates, 'take' | 'wait'> | null = null) {
    this.#limiter = new RateLimiter(allowance, now)
    this.#shared = shared
  }

  /** Looks at what a client shows, unless it has to wait. A promise where `look` is one, or where gateways count together. */
  unlessTired(
    client: string,
    look: () => Credential | Promise<Credential>,
  ): Credential | Promise<Credential> {
    const asked = this.#shared?.wait(nameOf(client), allowance) ?? null
    if (asked === null) return refusal(this.#limiter.wait(client)) ?? look()
    return asked.then((waitMs) => refusal(waitMs ?? this.#limiter.wait(client)) ?? look())
  }

  /** One more has failed. */
  note(client: string): void {
    // Also here, for the time when the others cannot be heard.
    this.#limiter.take(client)
    void this.#shared?.take(nameOf(client), allowance)
  }
}

/** Apart from the requests of a client, which `limits.rate` counts. */
function nameOf(client: string): string {
  return `f\0${client}`
}

function refusal(waitMs: number): Credential | null {
  if (waitMs === 0) return null
  return { kind: 'rejected', failure: { ...failure('too_many_requests'), retryAfterS: retryAfter(waitMs) } }
}
