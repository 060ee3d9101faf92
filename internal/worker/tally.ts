import type { Problem } from '../fault/startup.ts'
import type { Clock } from './clock.ts'
import type { WorkerDeath } from './types.ts'

/** As many deaths are remembered. */
const remembered = 100

/** What is remembered of a worker's life: its deaths and why it was started again. */
export class Tally {
  readonly #clock: Pick<Clock, 'now' | 'wall'>
  #deaths: readonly WorkerDeath[] = []
  #restarts: Readonly<Record<string, number>> = {}

  constructor(clock: Pick<Clock, 'now' | 'wall'>) {
    this.#clock = clock
  }

  /** Oldest first. */
  get deaths(): readonly WorkerDeath[] {
    return this.#deaths
  }

  /** Starts after the first one, by reason. */
  get restarts(): Readonly<Record<string, number>> {
    return this.#restarts
  }

  /** A process ended that should not have. @param startedAt monotonic milliseconds */
  died(process: { readonly number: number; readonly startedAt: number }, problem: Problem): void {
    const death: WorkerDeath = {
      time: new Date(this.#clock.wall()).toISOString(),
      uptime_s: Math.floor((this.#clock.now() - process.startedAt) / 1000),
      generation: process.number,
      cause: problem.message,
      code: problem.code,
    }
    this.#deaths = [...this.#deaths, death].slice(-remembered)
  }

  /** Another generation was started for this reason. */
  restarted(reason: string): void {
    this.#restarts = { ...this.#restarts, [reason]: (this.#restarts[reason] ?? 0) + 1 }
  }
}
