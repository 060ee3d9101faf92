import type { Problem } from '../fault/startup.ts'
import type { Clock } from './clock.ts'
import type { WorkerDeath } from './types.ts'

/** As many deaths are remembered, and of so many of them what their processes said. */
const remembered = 100
const quoted = 5

/** Lines that are kept of each, and characters of a line. */
const linesKept = 20
const longestLine = 500

/**
 * What is remembered of a worker's life: its deaths, why it was started again, how often it was started at all. One
 * per name, whatever its settings were: a reload hands it on.
 */
export class Tally {
  readonly #clock: Pick<Clock, 'now' | 'wall'>
  readonly #readings = new WeakMap<object, number>()
  #deaths: readonly WorkerDeath[] = []
  #restarts: Readonly<Record<string, number>> = {}
  #generations = 0
  #everReady = false
  #cpuSeconds = 0

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

  /** Generations there have been. */
  get generations(): number {
    return this.#generations
  }

  /** Whether any generation was ever ready. */
  get everReady(): boolean {
    return this.#everReady
  }

  /** User and system time of all its processes. */
  get cpuSeconds(): number {
    return this.#cpuSeconds
  }

  /** A generation is started. Returns its number. */
  begun(): number {
    this.#generations += 1
    return this.#generations
  }

  /** A generation answers. */
  readied(): void {
    this.#everReady = true
  }

  /** A process ended that should not have. @param startedAt monotonic milliseconds */
  died(process: { readonly number: number; readonly startedAt: number }, problem: Problem): void {
    const death: WorkerDeath = {
      time: new Date(this.#clock.wall()).toISOString(),
      uptime_s: Math.floor((this.#clock.now() - process.startedAt) / 1000),
      generation: process.number,
      cause: problem.message,
      code: problem.code,
      ...linesOf(problem),
    }
    const before = this.#deaths.slice(1 - remembered)
    this.#deaths = [
      ...before.map((past, index) => (before.length - index < quoted ? past : silent(past))),
      death,
    ]
  }

  /** Another generation was started for this reason. */
  restarted(reason: string): void {
    this.#restarts = { ...this.#restarts, [reason]: (this.#restarts[reason] ?? 0) + 1 }
  }

  /** A process has used this much time by now, in seconds. */
  consumed(process: object, cpuSeconds: number): void {
    this.#cpuSeconds += cpuSeconds - (this.#readings.get(process) ?? 0)
    this.#readings.set(process, cpuSeconds)
  }
}

function linesOf({ detail = [] }: Problem): Pick<WorkerDeath, 'lines'> {
  if (detail.length === 0) return {}
  return { lines: detail.slice(-linesKept).map((line) => line.slice(0, longestLine)) }
}

function silent(death: WorkerDeath): WorkerDeath {
  if (death.lines === undefined) return death
  const { lines: _, ...rest } = death
  return rest
}
