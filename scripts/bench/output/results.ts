/** What a run of the bench found out, and what follows from it. This is also the shape of the JSON file. */

import { median, worst } from './statistics.ts'
import type { Better } from './statistics.ts'

/** One quantity a scenario measures. The first of a scenario is the one its budget and picture are about. */
export interface Measure {
  readonly key: string
  readonly label: string
  readonly unit: string
  readonly better: Better
}

/**
 * What the contract allows: a ratio to nginx in the same run, a value in the measure's unit, or as much more than
 * without any proxy.
 */
export interface Budget {
  readonly kind: 'ratio' | 'value' | 'added'
  /** Key of the measure it is about. */
  readonly measure: string
  readonly limit: number
  readonly goal?: number
}

/** One round of one peer. A void one has no figures: a proxy that fails fast would look cheap. */
export type Round =
  | { readonly kind: 'measured'; readonly figures: Readonly<Record<string, number>> }
  | { readonly kind: 'void'; readonly reason: string }

/** All rounds of one peer, in the order they were run. */
export interface PeerRounds {
  readonly peer: string
  readonly rounds: readonly Round[]
}

/** One scenario that was asked for. */
export type ScenarioResult =
  | { readonly kind: 'skipped'; readonly name: string; readonly title: string; readonly reason: string }
  | {
      readonly kind: 'ran'
      readonly name: string
      readonly title: string
      readonly measures: readonly Measure[]
      readonly budgets: readonly Budget[]
      readonly peers: readonly PeerRounds[]
    }

/** Where and with what a run was made: figures of two machines cannot be compared. */
export interface Surroundings {
  /** RFC 3339. */
  readonly started: string
  readonly machine: string
  readonly cores: number
  readonly kernel: string
  /** Load average of one minute when the run began; above 0.5 something else was running. */
  readonly load: number
  /** Name of a program and its version. */
  readonly versions: Readonly<Record<string, string>>
}

/** A whole run. */
export interface Results {
  readonly surroundings: Surroundings
  readonly rounds: number
  readonly seconds: number
  readonly scenarios: readonly ScenarioResult[]
}

/** One measure of one peer over all its valid rounds. */
export interface Summary {
  readonly median: number
  readonly worst: number
  /** Against the baseline's round of the same number, so that what both suffered from cancels out. */
  readonly ratio: Spread | null
  /** The difference to the round of the same number without a proxy. */
  readonly added: Spread | null
}

/** A typical and the least favourable value. */
export interface Spread {
  readonly median: number
  readonly worst: number
}

/** The peer the others are compared with. */
export const baseline = 'nginx'

/** The name under which the upstream itself is measured. */
export const direct = 'direct'

/** @returns null when no round of the peer has this figure */
export function summarise(peers: readonly PeerRounds[], peer: string, measure: Measure): Summary | null {
  const own = figuresOf(peers, peer, measure.key)
  const values = own.filter((value) => value !== null)
  const all = spread(values, measure)
  if (all === null) return null
  const ratios = paired(own, figuresOf(peers, baseline, measure.key), (value, base) => value / base)
  const additions = paired(own, figuresOf(peers, direct, measure.key), (value, base) => value - base)
  return { ...all, ratio: spread(ratios, measure), added: spread(additions, measure) }
}

/** How a budget fared, by the median. */
export type Verdict = 'met' | 'goal met' | 'missed' | 'unknown'

/** Judges a peer's summary; `unknown` when there is nothing to judge. */
export function judge(budget: Budget, measure: Measure, summary: Summary | null): Verdict {
  const value = judged(budget, summary)
  if (value === undefined) return 'unknown'
  const reaches = (limit: number): boolean => (measure.better === 'lower' ? value <= limit : value >= limit)
  if (budget.goal !== undefined && reaches(budget.goal)) return 'goal met'
  return reaches(budget.limit) ? 'met' : 'missed'
}

function judged({ kind }: Budget, summary: Summary | null): number | undefined {
  switch (kind) {
    case 'ratio':
      return summary?.ratio?.median
    case 'added':
      return summary?.added?.median
    case 'value':
      return summary?.median
  }
}

function spread(values: readonly number[], { better }: Measure): Spread | null {
  return values.length === 0 ? null : { median: median(values), worst: worst(values, better) }
}

/** Combines the values of rounds that both have; a division by zero is no value. */
function paired(
  own: readonly (number | null)[],
  base: readonly (number | null)[],
  combine: (value: number, base: number) => number,
): readonly number[] {
  return own
    .flatMap((value, round) => {
      const other = base[round] ?? null
      return value === null || other === null ? [] : [combine(value, other)]
    })
    .filter(Number.isFinite)
}

/** A figure for each round, null where the round is void or lacks it. */
function figuresOf(peers: readonly PeerRounds[], peer: string, key: string): readonly (number | null)[] {
  const rounds = peers.find((one) => one.peer === peer)?.rounds ?? []
  return rounds.map((round) => (round.kind === 'measured' ? (round.figures[key] ?? null) : null))
}
