import type { Problem } from '../fault/startup.ts'
import type { Lifetime } from './lifetime.ts'
import type { Monitor } from './monitor.ts'
import type { StartedProcess } from './starter.ts'
import type { ExitReason, Usage } from './types.ts'

/** A process that has answered, as long as it runs; watched while it is the one that serves. */
export class Live {
  readonly process: StartedProcess
  /** The last reading of what it uses, `cpuSeconds` of this process alone; null before the first. */
  usage: Usage | null = null
  #watches: readonly (Monitor | Lifetime)[] = []
  #hung = false

  constructor(process: StartedProcess) {
    this.process = process
  }

  get number(): number {
    return this.process.number
  }

  /** Begins to watch; what watched before stops. */
  watch(...watches: readonly (Monitor | Lifetime)[]): void {
    this.unwatch()
    this.#watches = watches
    for (const each of watches) each.start()
  }

  /** Stops watching: it does not serve now, or it has ended. */
  unwatch(): void {
    for (const each of this.#watches) each.stop()
    this.#watches = []
  }

  /** It does not answer at all: asks it where it is, and ends it. */
  abort(): void {
    this.#hung = true
    this.process.generation.abort()
  }

  /** Whether it was ended because it hung. */
  get hung(): boolean {
    return this.#hung
  }

  /** What its end means to the worker `name` whose table is at `where`. */
  problem(reason: ExitReason, name: string, where: string): Problem {
    const { stuckAt, lastLines } = this.process.generation
    if (this.#hung) {
      const place =
        stuckAt === null ? 'did not answer, nor say where it was' : `was stuck at ${stuckAt.place}`
      const detail = stuckAt?.stack.slice(0, 20) ?? lastLines
      return { code: 'worker_hung', message: `${name} ${place}`, where, ...shown(detail) }
    }
    return {
      code: 'worker_died',
      message: `worker ${name} ended: ${reason.text}`,
      where,
      ...shown(lastLines),
    }
  }
}

function shown(detail: readonly string[]): { detail?: readonly string[] } {
  return detail.length > 0 ? { detail } : {}
}
