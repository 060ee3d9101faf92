/** The few statistics the reports need. Nothing here is measured or printed. */

/** Whether a smaller or a larger figure is the better one. */
export type Better = 'lower' | 'higher'

/** One point of a series: where (seconds, say) and how much. */
export interface Point {
  readonly x: number
  readonly y: number
}

/**
 * Median of the values; the mean of the middle two for an even number of them.
 * @throws RangeError for no values: a figure that was never measured must not look like one
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('a median needs at least one value')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** The value furthest on the bad side. @throws RangeError for no values */
export function worst(values: readonly number[], better: Better): number {
  if (values.length === 0) throw new RangeError('a worst value needs at least one value')
  return better === 'lower' ? Math.max(...values) : Math.min(...values)
}

/**
 * Nearest-rank percentile: the smallest value that `share` of all values do not exceed.
 * @param share between 0 and 1: 0.99 for p99
 * @throws RangeError for no values
 */
export function percentile(values: readonly number[] | Float64Array, share: number): number {
  if (values.length === 0) throw new RangeError('a percentile needs at least one value')
  const sorted = Float64Array.from(values).toSorted()
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? NaN
}

/**
 * Theil-Sen slope: the median of the slopes between all pairs of points. A few outliers (a collection that came
 * late, one busy minute) do not move it, as they would move a least-squares line.
 * @returns change of y per unit of x; 0 for fewer than two different x
 */
export function slope(points: readonly Point[]): number {
  const slopes = points.flatMap((a, index) =>
    points.slice(index + 1).flatMap((b) => (a.x === b.x ? [] : [(b.y - a.y) / (b.x - a.x)])),
  )
  return slopes.length === 0 ? 0 : median(slopes)
}

/**
 * The lowest point of each of `count` equal stretches of x: what stays after a collection, without the sawtooth
 * between two of them. Stretches without a point are left out.
 */
export function floors(points: readonly Point[], count: number): readonly Point[] {
  const from = Math.min(...points.map(({ x }) => x))
  const width = (Math.max(...points.map(({ x }) => x)) - from) / count
  if (!(width > 0)) return points.slice(0, 1)
  const lowest = new Map<number, Point>()
  for (const point of points) {
    const stretch = Math.min(count - 1, Math.floor((point.x - from) / width))
    const known = lowest.get(stretch)
    if (known === undefined || point.y < known.y) lowest.set(stretch, point)
  }
  return [...lowest.entries()].toSorted(([a], [b]) => a - b).map(([, point]) => point)
}
