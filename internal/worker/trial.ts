import type { Problem } from '../fault/startup.ts'
import type { Clock } from './clock.ts'

/** How long what is new has to live before what was before is given up, in milliseconds, unless told otherwise. */
export const usualProbationMs = 5000

/** What a trial is made of: generations of one worker, or all workers of one configuration. */
export interface TrialInput<Subject> {
  /** What is new, and serves. */
  readonly live: Subject
  /** What served before, still runs and is not asked for anything. */
  readonly previous: Subject
  /** Milliseconds the new one has to live. */
  readonly ms: number
  readonly clock: Pick<Clock, 'after'>
}

/** The first time of something new, during which what was before is kept in case the new does not live long. */
export class Trial<Subject> {
  readonly live: Subject
  /** Resolves once: to null when the time is over, to the reason when the new one ended before. */
  readonly over: Promise<Problem | null>
  readonly #resolve: (problem: Problem | null) => void
  readonly #cancel: () => void
  #previous: Subject | null

  constructor({ live, previous, ms, clock }: TrialInput<Subject>) {
    this.live = live
    this.#previous = previous
    const { promise, resolve } = Promise.withResolvers<Problem | null>()
    this.over = promise
    this.#resolve = resolve
    this.#cancel = clock.after(ms, () => resolve(null))
  }

  /** What can be gone back to; null once it has ended by itself. */
  get previous(): Subject | null {
    return this.#previous
  }

  /** This has ended; matters when it is what was kept. */
  lost(live: Subject): void {
    if (live === this.#previous) this.#previous = null
  }

  /** Ends the trial: the new one has ended, or (null) nobody waits for it any more. Idempotent. */
  end(problem: Problem | null): void {
    this.#cancel()
    this.#resolve(problem)
  }
}
