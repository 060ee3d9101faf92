import type { Readiness } from '../config/config.ts'
import type { Clock } from './clock.ts'
import type { ProbeResult } from './probe.ts'

/** What a monitor asks and whom it tells. */
export interface MonitorInput {
  readonly ready: Pick<Readiness, 'probeIntervalMs' | 'probeFailures'>
  readonly clock: Pick<Clock, 'after'>
  ask(): Promise<ProbeResult>
  /** It answers: the first time, and again after it did not. */
  onAnswered(): void
  /** `probe_failures` questions in a row went unanswered; told once until it answers again. */
  onUnanswered(reason: string): void
}

/** Asks a worker regularly whether it still answers. One slow answer is not an illness, several in a row are. */
export class Monitor {
  readonly #input: MonitorInput
  #cancel: (() => void) | undefined
  #isStopped = false
  #failures = 0
  #answered: boolean | null

  /** @param answered what is known at the start; null = nothing */
  constructor(input: MonitorInput, answered: boolean | null) {
    this.#input = input
    this.#answered = answered
  }

  /** Asks for the first time after one interval; never when the interval is 0 (off). */
  start(): void {
    if (this.#input.ready.probeIntervalMs > 0) this.#schedule(this.#input.ready.probeIntervalMs)
  }

  /** Asks at once, then regularly. */
  startNow(): void {
    this.#schedule(0)
  }

  /** No question and no call after this. Idempotent. */
  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#cancel = this.#input.clock.after(delayMs, () => void this.#round())
  }

  async #round(): Promise<void> {
    const result = await this.#input.ask()
    if (this.#isStopped) return
    if (result.ok) this.#succeed()
    else this.#fail(result.reason)
    // `0s` switches the watching off, but a worker nobody started must be found at least once.
    const { probeIntervalMs } = this.#input.ready
    if (probeIntervalMs > 0) this.#schedule(probeIntervalMs)
    else if (this.#answered !== true) this.#schedule(1000)
  }

  #succeed(): void {
    this.#failures = 0
    if (this.#answered === true) return
    this.#answered = true
    this.#input.onAnswered()
  }

  #fail(reason: string): void {
    this.#failures += 1
    if (this.#answered === false || this.#failures < this.#input.ready.probeFailures) return
    this.#answered = false
    this.#input.onUnanswered(reason)
  }
}
