/** Fairness between connections: the event loop does everything that is there before it looks for more. */

/** How much is read from one connection before the others have their turn, in bytes. */
export const burstBytes = 256 * 1024

/** How many jobs are done in one turn. */
const jobsPerTurn = 32

/** Work that can wait, done a little at a time with everything else between. */
export class Turns {
  #waiting: (() => void)[] = []
  #scheduled = false

  /** Does `job` soon, in the order of adding. */
  add(job: () => void): void {
    this.#waiting.push(job)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    for (const job of this.#waiting.splice(0, jobsPerTurn)) job()
    this.#scheduled = this.#waiting.length > 0
    if (this.#scheduled) setImmediate(() => this.#turn())
  }
}
