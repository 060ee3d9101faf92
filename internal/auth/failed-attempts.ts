/** How often one client may show something wrong before it has to wait: guessing, and filling the log, take time. */

import { failure } from '../fault/failure.ts'
import type { Credential } from './credential.ts'
import { RateLimiter, retryAfter } from './rate.ts'

/** This many at once, and one more every so often. */
const allowance = { intervalMs: 1_000, burst: 20 }

/** Failed attempts by client address. */
export class FailedAttempts {
  readonly #limiter: RateLimiter

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#limiter = new RateLimiter(allowance, now)
  }

  /** The answer to a client that has to wait; null = it may try. */
  refuse(client: string): Credential | null {
    const waitMs = this.#limiter.wait(client)
    if (waitMs === 0) return null
    return {
      kind: 'rejected',
      failure: { ...failure('too_many_requests'), retryAfterS: retryAfter(waitMs) },
    }
  }

  /** One more has failed. */
  note(client: string): void {
    this.#limiter.take(client)
  }
}
