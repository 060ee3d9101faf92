/** Fairness between connections: the event loop does everything that is there before it looks for more. */

/** How much is read from one connection before the others have their turn, in bytes. */
export const burstBytes = 256 * 1024

/** Work that can wait, done a little at a time with everything else between. */
export class Turns {
  readonly #jobsPerTurn: number
  readonly #waiting: (() => unknown)[] = []
  #scheduled = false

  /** @param jobsPerTurn how many jobs are done in one turn of the event loop */
  constructor(jobsPerTurn = 32) {
    this.#jobsPerTurn = jobsPerTurn
  }

  /** Does `job` soon, in the order of adding; it must not throw. */
  add(job: () => unknown): void {
    this.#waiting.push(job)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    for (const job of this.#waiting.splice(0, this.#jobsPerTurn)) job()
    this.#scheduled = this.#waiting.length > 0
    if (this.#scheduled) setImmediate(() => this.#turn())
  }
}
