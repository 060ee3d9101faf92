/** `[limits] rate`: how often one client, or one person, may ask. */

import type { RateConfig } from '../config/auth-types.ts'
import { failure, type Failure } from '../fault/failure.ts'
import { RateLimiter, retryAfter, type Allowance } from './rate.ts'
import type { SharedRates } from './shared-rates.ts'

/** Counts requests. */
export class Throttle {
  readonly by: RateConfig['by']
  readonly #allowance: Allowance
  readonly #limiter: RateLimiter
  readonly #shared: Pick<SharedRates, 'take'> | null

  /**
   * @param now monotonic milliseconds
   * @param shared counts of all gateways together; null = this one counts alone
   */
  constructor(
    { requests, periodMs, burst, by }: RateConfig,
    now: () => number,
    shared: Pick<SharedRates, 'take'> | null,
  ) {
    this.by = by
    this.#allowance = { intervalMs: periodMs / requests, burst }
    this.#limiter = new RateLimiter(this.#allowance, now)
    this.#shared = shared
  }

  /**
   * Takes one request.
   * @param user null = nobody who is known
   * @returns why it has to wait, or null; a promise only where gateways count together
   */
  refuse(client: string, user: string | null): Failure | null | Promise<Failure | null> {
    const who = this.by === 'user' && user !== null ? `u\0${user}` : `c\0${client}`
    const asked = this.#shared?.take(who, this.#allowance) ?? null
    if (asked === null) return refusal(this.#limiter.take(who))
    return asked.then((waitMs) => refusal(waitMs ?? this.#limiter.take(who)))
  }
}

function refusal(waitMs: number): Failure | null {
  return waitMs === 0 ? null : { ...failure('too_many_requests'), retryAfterS: retryAfter(waitMs) }
}
