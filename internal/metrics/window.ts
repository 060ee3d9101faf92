/** The last five minutes of one route, second by second: what the plots of the status page are drawn from. */

import { latencyBounds, percentile } from './distribution.ts'

/** Seconds that are kept. */
export const windowSeconds = 300

const buckets = latencyBounds.length + 1

/** One second in which something ended. Seconds without anything are left out. */
export interface TrafficSecond {
  /** Whole seconds since 1970. */
  readonly second: number
  readonly requests: number
  /** Answers of 500 and above, whoever gave them. */
  readonly errors: number
  /** Milliseconds from the first byte of the request to the end of the answer. */
  readonly p50_ms: number
  readonly p90_ms: number
  readonly p99_ms: number
}

/** What ended in some seconds, all of them together. */
export type TrafficSum = Omit<TrafficSecond, 'second'>

/** Counts in a ring of seconds; a second of long ago is emptied when its place is needed again. */
export class Window {
  readonly #seconds = new Float64Array(windowSeconds).fill(-1)
  readonly #errors = new Uint32Array(windowSeconds)
  readonly #counts = new Uint32Array(windowSeconds * buckets)

  /**
   * Counts one request.
   * @param second whole seconds since 1970 at its end
   * @param bucket of {@link latencyBounds}
   */
  add(second: number, bucket: number, isError: boolean): void {
    const slot = second % windowSeconds
    if (this.#seconds[slot] !== second) this.#begin(slot, second)
    const at = slot * buckets + bucket
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    if (isError) this.#errors[slot] = (this.#errors[slot] ?? 0) + 1
  }

  /** The seconds from `from` up to, and without, `to`; oldest first. */
  between(from: number, to: number): readonly TrafficSecond[] {
    const found: TrafficSecond[] = []
    for (let second = Math.max(from, to - windowSeconds + 1); second < to; second++) {
      const slot = second % windowSeconds
      if (this.#seconds[slot] === second) found.push(this.#read(slot, second))
    }
    return found
  }

  /** The seconds from `from` up to, and without, `to` as one: percentiles of seconds cannot be put together afterwards. */
  sum(from: number, to: number): TrafficSum {
    const counts = new Uint32Array(buckets)
    let errors = 0
    for (let second = Math.max(from, to - windowSeconds + 1); second < to; second++) {
      const slot = second % windowSeconds
      if (this.#seconds[slot] !== second) continue
      errors += this.#errors[slot] ?? 0
      for (let bucket = 0; bucket < buckets; bucket++)
        counts[bucket] = (counts[bucket] ?? 0) + (this.#counts[slot * buckets + bucket] ?? 0)
    }
    return told(counts, errors)
  }

  #begin(slot: number, second: number): void {
    this.#seconds[slot] = second
    this.#errors[slot] = 0
    this.#counts.fill(0, slot * buckets, (slot + 1) * buckets)
  }

  #read(slot: number, second: number): TrafficSecond {
    const counts = this.#counts.subarray(slot * buckets, (slot + 1) * buckets)
    return { second, ...told(counts, this.#errors[slot] ?? 0) }
  }
}

function told(counts: Uint32Array, errors: number): TrafficSum {
  return {
    requests: counts.reduce((sum, count) => sum + count, 0),
    errors,
    p50_ms: milliseconds(counts, 0.5),
    p90_ms: milliseconds(counts, 0.9),
    p99_ms: milliseconds(counts, 0.99),
  }
}

function milliseconds(counts: Uint32Array, q: number): number {
  return Math.round((percentile(counts, latencyBounds, q) ?? 0) * 100_000) / 100
}
