/** One clock for many deadlines: connections are looked at now and then instead of having a timer each. */

/** A time that is not known more exactly than between two sweeps: looking at the clock costs something. */
export const fromNextSweep = -1

/** Something with a deadline. */
export interface Swept {
  /** Looks at its deadline. `now` in monotonic milliseconds. */
  sweep(now: number): void
}

/** Looks at everything it was given, every `intervalMs`. Runs only while there is something to look at. */
export class Sweeper {
  readonly #intervalMs: number
  readonly #swept = new Set<Swept>()
  #timer: NodeJS.Timeout | null = null

  /** @param shortestMs shortest deadline of those swept, 0 = none; it is missed by half of itself at most, or two seconds */
  constructor(shortestMs: number) {
    this.#intervalMs = shortestMs === 0 ? 1_000 : Math.min(1_000, Math.max(5, shortestMs / 4))
  }

  /** Begins to look at `item`. */
  add(item: Swept): void {
    this.#swept.add(item)
    this.#timer ??= setInterval(() => this.#sweep(), this.#intervalMs).unref()
  }

  /** Looks at `item` no longer. */
  delete(item: Swept): void {
    this.#swept.delete(item)
    if (this.#swept.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #sweep(): void {
    const now = performance.now()
    for (const item of this.#swept) item.sweep(now)
  }
}

/** The shortest of some time limits in milliseconds, of which 0 means none. */
export function shortest(...limits: readonly number[]): number {
  const set = limits.filter((limit) => limit > 0)
  return set.length === 0 ? 0 : Math.min(...set)
}
