import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import type { Usage } from './types.ts'

/** When a process has lived long enough, and what is done about it. */
export interface LifetimeInput {
  readonly worker: string
  readonly clock: Pick<Clock, 'after' | 'random' | 'now'>
  readonly logger: Logger
  /** Resident bytes above which it is replaced; 0 = off. */
  readonly maxMemoryBytes: number
  /** Milliseconds, give or take a tenth, after which it is replaced; 0 = off. */
  readonly maxAgeMs: number
  /** Reads what it uses now; null = cannot be read. */
  measure(): Promise<Usage | null>
  /** Told every reading. */
  onUsage(usage: Usage): void
  /** It is to be replaced. Called again after a while when that did not help. */
  onExpired(reason: 'memory' | 'age'): void
}

/** Time between two readings, in milliseconds. */
const sampleMs = 5000

/** From this share of `max_memory` on it is warned. */
const warnShare = 0.8

/** A replacement that failed, or a limit below what the worker always needs, is not tried all the time. */
const patienceMs = 60_000

/** Replicas started together do not end together: ages differ by up to this share either way. */
const jitter = 0.1

/** Watches how much a process uses and how old it is. One per process, from its first answer to its end. */
export class Lifetime {
  readonly #input: LifetimeInput
  #cancelSample: (() => void) | undefined
  #cancelAge: (() => void) | undefined
  #isStopped = false
  #readings = 0
  #hasWarned = false
  #quietUntil = 0

  constructor(input: LifetimeInput) {
    this.#input = input
  }

  /** Takes a first reading at once. */
  start(): void {
    const { maxAgeMs, clock } = this.#input
    void this.#sample()
    if (maxAgeMs > 0) this.#age(Math.round(maxAgeMs * (1 - jitter + 2 * jitter * clock.random())))
  }

  /** No reading and no call after this. Idempotent. */
  stop(): void {
    this.#isStopped = true
    this.#cancelSample?.()
    this.#cancelAge?.()
  }

  #age(ms: number): void {
    this.#cancelAge = this.#input.clock.after(ms, () => {
      // First the next attempt: being replaced stops this.
      this.#age(patienceMs)
      this.#input.onExpired('age')
    })
  }

  async #sample(): Promise<void> {
    const usage = await this.#input.measure()
    if (this.#isStopped) return
    this.#cancelSample = this.#input.clock.after(sampleMs, () => void this.#sample())
    if (usage === null) return
    this.#readings += 1
    this.#input.onUsage(usage)
    if (this.#input.maxMemoryBytes > 0) this.#judge(usage.memoryBytes)
  }

  #judge(memoryBytes: number): void {
    const { maxMemoryBytes, clock } = this.#input
    if (memoryBytes >= maxMemoryBytes * warnShare) this.#warn(memoryBytes)
    if (memoryBytes < maxMemoryBytes || clock.now() < this.#quietUntil) return
    this.#quietUntil = clock.now() + patienceMs
    // Above the limit from the start: another process would be so too, but it may also have been loading something.
    if (this.#readings > 1) this.#input.onExpired('memory')
  }

  #warn(memoryBytes: number): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const { worker, logger, maxMemoryBytes } = this.#input
    const share = Math.round((memoryBytes / maxMemoryBytes) * 100)
    logger.warn(
      { worker, memory_bytes: memoryBytes, max_memory_bytes: maxMemoryBytes },
      `worker uses ${share} % of max_memory${this.#readings === 1 ? ' right after its start: raise it' : ''}`,
    )
  }
}
