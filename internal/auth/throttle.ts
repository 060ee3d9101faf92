/** `[limits] rate`: how often one client, or one person, may ask. */

import type { RateConfig } from '../config/auth-types.ts'
import { failure, type Failure } from '../fault/failure.ts'
import { RateLimiter, retryAfter } from './rate.ts'

/** Counts requests. */
export class Throttle {
  readonly by: RateConfig['by']
  readonly #limiter: RateLimiter

  /** @param now monotonic milliseconds */
  constructor({ requests, periodMs, burst, by }: RateConfig, now: () => number) {
    this.by = by
    this.#limiter = new RateLimiter({ intervalMs: periodMs / requests, burst }, now)
  }

  /** Takes one request. @param user null = nobody who is known @returns why it has to wait, or null */
  refuse(client: string, user: string | null): Failure | null {
    const waitMs = this.#limiter.take(this.by === 'user' && user !== null ? `u\0${user}` : `c\0${client}`)
    return waitMs === 0 ? null : { ...failure('too_many_requests'), retryAfterS: retryAfter(waitMs) }
  }
}
