/** What the bench can measure: one scenario, and what it gets to measure with. */

import type { Subject } from '../measure/subject.ts'
import type { Budget, Measure, Round } from '../output/results.ts'
import type { Ability } from '../peers/peer.ts'
import type { UpstreamKind } from '../upstream/upstream.ts'

/** One round of one peer. */
export interface Stage {
  /** The proxy, listening and answering 200. */
  readonly subject: Subject
  /** How long to measure. */
  readonly seconds: number
  /** What {@link Scenario.calibrate} found, 0 without one. */
  readonly calibrated: number
  /** Starts a further one of the same kind with the same configuration on a port of its own. */
  start(): Promise<StartedSubject>
  /** The program alone, for what needs no proxy: `[fluxlit]`. */
  readonly executable: readonly [string, ...string[]]
}

/** A proxy that was started for a measurement and ends with it. */
export interface StartedSubject extends AsyncDisposable {
  readonly subject: Subject
  /** From its start to the first connection it accepted. */
  readonly listeningMs: number
}

/** Who takes part: everybody who can, the same and the upstream without a proxy, or FluxLit alone. */
export type Field = 'all' | 'all and direct' | 'fluxlit'

/** One thing to measure. */
export interface Scenario {
  readonly name: string
  readonly title: string
  readonly upstream: UpstreamKind
  readonly transport: 'unix' | 'tcp'
  readonly field: Field
  /** What a proxy must be able to do; it is set up accordingly (`tls`, `log`). */
  readonly abilities: readonly Ability[]
  /** Requests carry a token, and FluxLit lets nobody in without one. */
  readonly tokens?: boolean
  /** Programs that must be installed: `wrk`. */
  readonly programs: readonly string[]
  readonly measures: readonly Measure[]
  readonly budgets: readonly Budget[]
  /** Finds a number all rounds share, with FluxLit as the subject, before the first round. */
  calibrate?(stage: Stage): Promise<number>
  /** Measures. @returns a void round for anything that is not as it should be; errors become one */
  run(stage: Stage): Promise<Round>
}

/** CPU time of the proxy per request, message or event. */
export function cpuPer(what: string): Measure {
  return { key: 'cpu', label: `CPU per ${what}`, unit: 'us', better: 'lower' }
}

/** A round with these figures. */
export function measured(figures: Readonly<Record<string, number>>): Round {
  return { kind: 'measured', figures }
}

/** A round that says nothing. */
export function voided(reason: string): Round {
  return { kind: 'void', reason }
}
