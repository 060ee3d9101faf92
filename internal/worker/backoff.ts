import type { RestartPolicy } from '../config/config.ts'
import type { Clock } from './clock.ts'

/** How long to wait before the next start, and whether the worker dies too often to be called alive. */
export interface Verdict {
  /** Milliseconds until the next start. */
  readonly delayMs: number
  /** Deaths within the crash window, this one included. */
  readonly deaths: number
  /** True from `crash_count` deaths in `crash_window` on, until it was healthy for `reset_after`. */
  readonly looping: boolean
}

/** Delays differ by up to this share either way, so that workers of many hosts do not restart in step. */
const jitter = 0.25

/** Decides when a worker that died is started again. One per worker; it lives as long as the worker. */
export class Backoff {
  readonly #policy: RestartPolicy
  readonly #clock: Pick<Clock, 'now' | 'random'>
  #deaths: number[] = []
  #step = 0
  #looping = false
  #readyAt: number | null = null

  constructor(policy: RestartPolicy, clock: Pick<Clock, 'now' | 'random'>) {
    this.#policy = policy
    this.#clock = clock
  }

  /** The worker answers: from here the time counts that makes its past forgotten. */
  readied(): void {
    this.#readyAt = this.#clock.now()
  }

  /**
   * The worker ended, or did not become ready.
   *
   * @param planned true for an end the worker itself announced (a request limit reached): no crash, no history
   */
  died(planned = false): Verdict {
    const now = this.#clock.now()
    if (this.#readyAt !== null && now - this.#readyAt >= this.#policy.resetAfterMs) this.forget()
    this.#readyAt = null
    if (planned) return { delayMs: 0, deaths: this.#recent(now).length, looping: this.#looping }
    this.#deaths = [...this.#recent(now), now]
    if (this.#deaths.length >= this.#policy.crashCount) this.#looping = true
    const delayMs = this.#looping ? this.#policy.backoffMaxMs : this.#delay(this.#step++)
    return { delayMs, deaths: this.#deaths.length, looping: this.#looping }
  }

  /** Somebody replaced it: what its predecessors did says nothing about it. */
  forget(): void {
    this.#deaths = []
    this.#step = 0
    this.#looping = false
  }

  #recent(now: number): number[] {
    return this.#deaths.filter((at) => now - at < this.#policy.crashWindowMs)
  }

  #delay(step: number): number {
    const { backoffMinMs, backoffMaxMs } = this.#policy
    const spread = 1 - jitter + 2 * jitter * this.#clock.random()
    return Math.min(backoffMaxMs, backoffMinMs * 2 ** step * spread)
  }
}
