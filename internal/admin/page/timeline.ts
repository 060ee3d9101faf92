/** The states of a worker over the last minutes, as pieces of a bar. */

import type { WorkerStatus } from '../status.ts'

/** One state for a while. */
export interface Piece {
  readonly state: WorkerStatus['state']
  /** Share of the whole at which it begins, and its share; 0 to 1. */
  readonly from: number
  readonly share: number
  readonly seconds: number
}

/** Seconds a bar shows at least and at most. */
const shortest = 60
const longest = 15 * 60

/** How many seconds the bars of a gateway show that has been up for so long. */
export function timelineSeconds(uptime: number): number {
  return Math.min(longest, Math.max(shortest, uptime))
}

/**
 * The pieces of the last `seconds`, oldest first. Before the first change nothing is known, and nothing is shown.
 * @param history changes of state, oldest first
 * @param now wall-clock milliseconds by the gateway's clock
 */
export function piecesOf(history: WorkerStatus['history'], now: number, seconds: number): readonly Piece[] {
  const whole = seconds * 1_000
  const begin = now - whole
  return history.flatMap(({ time, state }, index) => {
    const next = history[index + 1]
    const from = Math.max(begin, Date.parse(time))
    const to = Math.min(now, next === undefined ? now : Date.parse(next.time))
    if (to <= from) return []
    const share = (to - from) / whole
    return [{ state, from: (from - begin) / whole, share, seconds: (to - from) / 1_000 }]
  })
}

/** The bar in words: how long each state took in all. */
export function timelineText(pieces: readonly Piece[], words: (seconds: number) => string): string {
  const totals = new Map<string, number>()
  for (const { state, seconds } of pieces) totals.set(state, (totals.get(state) ?? 0) + seconds)
  return [...totals].map(([state, seconds]) => `${state} ${words(seconds)}`).join(', ')
}
