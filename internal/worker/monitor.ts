import type { Readiness } from '../config/config.ts'
import type { Clock } from './clock.ts'
import type { ProbeResult } from './probe.ts'

/** What a monitor asks and whom it tells. */
export interface MonitorInput {
  readonly ready: Pick<Readiness, 'probeIntervalMs' | 'probeTimeoutMs' | 'probeFailures'>
  readonly clock: Pick<Clock, 'after' | 'now' | 'wall'>
  /** Asks once. @param timeoutMs for the whole exchange */
  ask(timeoutMs: number): Promise<ProbeResult>
  /** It answers: the first time, and again after it did not. */
  onAnswered(): void
  /** `probe_failures` questions in a row went unanswered; told once until it answers again. */
  onUnanswered(reason: string): void
  /**
   * The same, and each time it took the connection and said nothing, as a process does that hangs; told after
   * {@link onUnanswered} and again with every further question that stays open.
   */
  onSilent?(): void
}

/** A worker that did not answer in time may be busy: the next questions wait up to this many times as long. */
const longestStretch = 4

/** A question that took this much longer than it may was not the worker's doing, in milliseconds. */
const toleranceMs = 1000

/** Asks a worker regularly whether it still answers. One slow answer is not an illness, several in a row are. */
export class Monitor {
  readonly #input: MonitorInput
  #cancel: (() => void) | undefined
  #isStopped = false
  #failures = 0
  #isSilent = true
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
    const { ready, clock } = this.#input
    const timeoutMs = ready.probeTimeoutMs * Math.min(longestStretch, 2 ** this.#failures)
    const begun = { now: clock.now(), wall: clock.wall() }
    const result = await this.#input.ask(timeoutMs)
    if (this.#isStopped) return
    // Either clock may stand still while a machine sleeps or a container is frozen. Then it was us who were away.
    const tookMs = Math.max(clock.now() - begun.now, clock.wall() - begun.wall)
    if (result.ok) this.#succeed()
    else if (tookMs <= timeoutMs + toleranceMs) this.#fail(result.reason, result.isSilent === true)
    // `0s` switches the watching off, but a worker nobody started must be found at least once.
    if (ready.probeIntervalMs > 0) this.#schedule(ready.probeIntervalMs)
    else if (this.#answered !== true) this.#schedule(1000)
  }

  #succeed(): void {
    this.#failures = 0
    this.#isSilent = true
    if (this.#answered === true) return
    this.#answered = true
    this.#input.onAnswered()
  }

  #fail(reason: string, isSilent: boolean): void {
    this.#failures += 1
    this.#isSilent &&= isSilent
    if (this.#failures < this.#input.ready.probeFailures) return
    if (this.#answered !== false) this.#input.onUnanswered(reason)
    this.#answered = false
    if (this.#isSilent && !this.#isStopped) this.#input.onSilent?.()
  }
}
