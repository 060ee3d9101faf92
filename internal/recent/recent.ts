/**
 * The last requests, for `fluxlit why`. Three rings, so that those who ask for nonsense a thousand times per second, and
 * those who are served, do not push out the failures somebody will ask about.
 */

import type { RecentRecord, RecentRequest } from './request.ts'
import { Ring } from './ring.ts'

/** Takes requests at their end, from the request path; never throws. */
export interface Recent {
  ended(record: RecentRecord): void
}

/** Remembers nothing. */
export const noRecent: Recent = { ended() {} }

/** Sorts of requests, each with room of its own. */
export type Sort =
  /** 500 and above, whoever said it, and answers that broke off. */
  | 'failed'
  /** What the gateway did not let through, and what clients gave up. */
  | 'refused'
  | 'answered'

/** How far back each sort is remembered, RFC 3339; null = to the start of the gateway. */
export type Reach = Readonly<Record<Sort, string | null>>

/** Remembers. */
export class RecentRequests implements Recent {
  readonly #rings: Readonly<Record<Sort, Ring>>

  /** @param size requests of each sort */
  constructor(size: number) {
    this.#rings = { failed: new Ring(size), refused: new Ring(size), answered: new Ring(size) }
  }

  ended(record: RecentRecord): void {
    this.#rings[sortOf(record)].add(record)
  }

  /** The request of that id, if it is remembered. */
  find(id: string): RecentRequest | null {
    const { failed, refused, answered } = this.#rings
    return failed.find(id) ?? refused.find(id) ?? answered.find(id)
  }

  /** The last failures, newest first. */
  latestFailures(count: number): readonly RecentRequest[] {
    return this.#rings.failed.latest(count)
  }

  get reach(): Reach {
    const { failed, refused, answered } = this.#rings
    return {
      failed: timeOf(failed.reachesBackTo),
      refused: timeOf(refused.reachesBackTo),
      answered: timeOf(answered.reachesBackTo),
    }
  }
}

function sortOf({ reason, status }: RecentRecord): Sort {
  if (status >= 500 || reason === 'upstream_truncated') return 'failed'
  return reason === 'ok' || reason.startsWith('websocket_closed') || reason === 'drain'
    ? 'answered'
    : 'refused'
}

function timeOf(monotonic: number | null): string | null {
  return monotonic === null ? null : new Date(performance.timeOrigin + monotonic).toISOString()
}
