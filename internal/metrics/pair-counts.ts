/** Counts by two names, for what happens rarely. */
export class PairCounts {
  readonly #counts = new Map<string, Map<string, number>>()

  /** Adds one. */
  add(first: string, second: string): void {
    const below = this.#counts.get(first) ?? new Map<string, number>()
    below.set(second, (below.get(second) ?? 0) + 1)
    this.#counts.set(first, below)
  }

  /** Every pair that was counted. */
  *entries(): Generator<readonly [first: string, second: string, count: number]> {
    for (const [first, below] of this.#counts)
      for (const [second, count] of below) yield [first, second, count]
  }
}
