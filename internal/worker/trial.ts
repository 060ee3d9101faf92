import type { Problem } from '../fault/startup.ts'
import type { Clock } from './clock.ts'
import type { Live } from './live.ts'

/** What a trial is made of. */
export interface TrialInput {
  /** The new generation, which serves. */
  readonly live: Live
  /** The one before, which still runs and is not asked for anything. */
  readonly previous: Live
  /** Milliseconds the new one has to live. */
  readonly ms: number
  readonly clock: Pick<Clock, 'after'>
}

/** The first time of a new generation, during which the one before is kept in case it does not live long. */
export class Trial {
  readonly live: Live
  /** Resolves once: to null when the time is over, to the reason when the new generation ended before. */
  readonly over: Promise<Problem | null>
  readonly #resolve: (problem: Problem | null) => void
  readonly #cancel: () => void
  #previous: Live | null

  constructor({ live, previous, ms, clock }: TrialInput) {
    this.live = live
    this.#previous = previous
    const { promise, resolve } = Promise.withResolvers<Problem | null>()
    this.over = promise
    this.#resolve = resolve
    this.#cancel = clock.after(ms, () => resolve(null))
  }

  /** What can be gone back to; null once it has ended by itself. */
  get previous(): Live | null {
    return this.#previous
  }

  /** A generation has ended; matters when it is the one that was kept. */
  lost(live: Live): void {
    if (live === this.#previous) this.#previous = null
  }

  /** Ends the trial: the new generation has ended, or (null) nobody waits for it any more. Idempotent. */
  end(problem: Problem | null): void {
    this.#cancel()
    this.#resolve(problem)
  }
}
