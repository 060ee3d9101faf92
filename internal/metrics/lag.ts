/**
 * How late the event loop is: a timer's lateness, four times a second. Timers at fixed intervals see what a request
 * that arrives at any moment would have waited, and cost an idle gateway nothing that shows.
 */

import { Distribution } from './distribution.ts'

/** Seconds a request may have to wait for its turn. */
const lagBounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

const paceMs = 250

/** Samples that {@link LagMeter.recentMax} looks back on. */
const recentSamples = 4

/** Samples until closed. */
export class LagMeter {
  readonly seconds = new Distribution(lagBounds)
  readonly #recent: number[] = []
  #timer: NodeJS.Timeout

  constructor() {
    this.#timer = this.#wait()
  }

  /** The longest lateness of about the last second, in milliseconds. */
  get recentMax(): number {
    return Math.max(0, ...this.#recent)
  }

  /** Ends the sampling. Idempotent. */
  close(): void {
    clearTimeout(this.#timer)
  }

  #wait(): NodeJS.Timeout {
    const due = performance.now() + paceMs
    return setTimeout(() => {
      this.#sample(Math.max(0, performance.now() - due))
      this.#timer = this.#wait()
    }, paceMs).unref()
  }

  #sample(lateMs: number): void {
    this.seconds.observe(lateMs / 1_000)
    this.#recent.push(lateMs)
    if (this.#recent.length > recentSamples) this.#recent.shift()
  }
}
