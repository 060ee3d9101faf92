/** Whether what a long run held stayed the same. */

import { floors, median, slope } from '../output/statistics.ts'
import type { Point } from '../output/statistics.ts'

/** One look at the gateway. */
export interface Sample {
  /** Since the load began. */
  readonly seconds: number
  readonly anonymousBytes: number
  readonly descriptors: number
  /** Share of one core since the last sample, 0 to 1. */
  readonly cpu: number
}

/** How one quantity went. */
export interface Trend {
  /** Growth over the judged stretch, by the slope of its floors. */
  readonly growth: number
  /** As much would still be called flat. */
  readonly allowed: number
  readonly isFlat: boolean
}

/** Both quantities. */
export interface Judgement {
  readonly memory: Trend
  readonly descriptors: Trend
}

/** Stretches whose lowest points are compared. */
const stretches = 12

/** Less than this is what collections and connections come and go by. */
const noise = { bytes: 8 * 1024 * 1024, descriptors: 16, share: 0.05 }

/**
 * Judges the last two thirds: pools, caches and compilers have settled by then.
 * @throws RangeError for fewer than three samples
 */
export function judgeFlat(samples: readonly Sample[]): Judgement {
  const end = samples.at(-1)?.seconds ?? 0
  const late = samples.filter(({ seconds }) => seconds >= end / 3)
  if (late.length < 3) throw new RangeError('too few samples to judge')
  const series = (value: (sample: Sample) => number): readonly Point[] =>
    late.map((sample) => ({ x: sample.seconds, y: value(sample) }))
  return {
    memory: trend(
      series(({ anonymousBytes }) => anonymousBytes),
      noise.bytes,
    ),
    descriptors: trend(
      series(({ descriptors }) => descriptors),
      noise.descriptors,
    ),
  }
}

function trend(points: readonly Point[], least: number): Trend {
  const xs = points.map(({ x }) => x)
  const growth = slope(floors(points, stretches)) * (Math.max(...xs) - Math.min(...xs))
  const allowed = Math.max(least, median(points.map(({ y }) => y)) * noise.share)
  return { growth, allowed, isFlat: growth <= allowed }
}
