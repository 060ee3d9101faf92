/** Numbers sorted into buckets: what a histogram metric and a percentile are made from. */

/** Seconds a request may take: fine where APIs and pages are, open above half a minute. */
export const latencyBounds: readonly number[] = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5,
  5, 10, 30,
]

/** Seconds a WebSocket stays open: a page that was only looked at, a working day, a forgotten tab. */
export const socketBounds: readonly number[] = [1, 10, 60, 300, 900, 3_600, 14_400, 86_400]

/** Counts per bucket, and their sum. */
export class Distribution {
  readonly bounds: readonly number[]
  /** One more than there are bounds: the last one holds everything above. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** Adds one value. @returns index of its bucket */
  observe(value: number): number {
    const bucket = bucketOf(this.bounds, value)
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += value
    return bucket
  }
}

/** Index of the first bound that is not below the value; behind the last one when all are. */
export function bucketOf(bounds: readonly number[], value: number): number {
  let index = 0
  while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1
  return index
}

/**
 * The value below which the share `q` (0 to 1) of all values lies, straight between the bounds of its bucket; null
 * without values. Above the last bound nothing finer is known than that bound.
 */
export function percentile(counts: ArrayLike<number>, bounds: readonly number[], q: number): number | null {
  let total = 0
  for (let index = 0; index < counts.length; index++) total += counts[index] ?? 0
  if (total === 0) return null
  const wanted = q * total
  let below = 0
  for (let index = 0; index < bounds.length; index++) {
    const count = counts[index] ?? 0
    if (count > 0 && below + count >= wanted) {
      const from = bounds[index - 1] ?? 0
      const to = bounds[index] ?? from
      return from + ((to - from) * (wanted - below)) / count
    }
    below += count
  }
  return bounds.at(-1) ?? null
}
