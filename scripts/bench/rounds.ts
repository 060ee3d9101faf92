/** The rounds of one scenario: one peer after the other, again and again. */

import { join } from 'node:path'

import { launch, noProxy } from './launch.ts'
import type { Place } from './launch.ts'
import { direct } from './output/results.ts'
import type { Measure, PeerRounds, Round, ScenarioResult } from './output/results.ts'
import { digits } from './output/table.ts'
import type { Peer } from './peers/peer.ts'
import type { Program } from './peers/fluxlit.ts'
import { voided } from './scenarios/scenario.ts'
import type { Scenario, Stage, StartedSubject } from './scenarios/scenario.ts'
import { Upstream } from './upstream/upstream.ts'

/** Characters of a reason: programs that fail say a lot. */
const longestReason = 240

/** What a run of any scenario needs. */
export interface Bench {
  readonly rounds: number
  readonly seconds: number
  /** FluxLit first, then whoever else takes part. */
  readonly peers: readonly Peer[]
  /** Whether the upstream without a proxy takes part where it can. */
  readonly isDirectWanted: boolean
  readonly executable: Program
  readonly directory: string
  readonly certificate: Place['certificate']
  readonly core: number
  /** Told after every round. */
  readonly progress: (line: string) => void
  /** No further round is begun once it is aborted. */
  readonly signal: AbortSignal
}

/** A peer and how it is started. */
interface Entry {
  readonly name: string
  start(name: string): Promise<StartedSubject>
}

/**
 * Runs all rounds of a scenario. A peer that lacks an ability does not take part; one that fails has void rounds.
 * @throws Error only when the upstream cannot be started
 */
export async function runScenario(scenario: Scenario, bench: Bench): Promise<ScenarioResult> {
  const { name, title, measures, budgets } = scenario
  const directory = join(bench.directory, name)
  await using upstream = await Upstream.start(scenario.upstream, join(directory, 'up'))
  const place: Place = {
    scenario,
    upstream,
    directory,
    certificate: bench.certificate,
    core: bench.core,
  }
  const entries = entriesOf(scenario, bench, place)
  const calibrated = await calibrate(scenario, bench, entries)
  const rounds = new Map<string, Round[]>(entries.map((entry) => [entry.name, []]))
  for (let round = 1; round <= bench.rounds && !bench.signal.aborted; round += 1) {
    for (const entry of inTurn(entries, round)) {
      if (bench.signal.aborted) break
      const result = await runRound(scenario, bench, entry, { calibrated, round })
      rounds.get(entry.name)?.push(result)
      bench.progress(`${name} ${round}/${bench.rounds} ${entry.name}: ${roundText(result, measures)}`)
    }
  }
  const peers: readonly PeerRounds[] = entries.map((entry) => ({
    peer: entry.name,
    rounds: rounds.get(entry.name) ?? [],
  }))
  return { kind: 'ran', name, title, measures, budgets, peers }
}

/** Every round begins with another one, so that none always follows the same. */
export function inTurn<T>(entries: readonly T[], round: number): readonly T[] {
  const first = (round - 1) % Math.max(1, entries.length)
  return [...entries.slice(first), ...entries.slice(0, first)]
}

function entriesOf({ field, abilities }: Scenario, bench: Bench, place: Place): readonly Entry[] {
  const able = bench.peers.filter((peer) => abilities.every((ability) => peer.abilities.includes(ability)))
  const peers = field === 'fluxlit' ? able.slice(0, 1) : able
  const entries = peers.map((peer) => ({
    name: peer.name,
    start: (name: string) => launch(peer, place, name),
  }))
  const hasDirect = field === 'all and direct' && bench.isDirectWanted
  return hasDirect ? [...entries, { name: direct, start: () => Promise.resolve(noProxy(place)) }] : entries
}

async function calibrate(scenario: Scenario, bench: Bench, [first]: readonly Entry[]): Promise<number> {
  if (scenario.calibrate === undefined || first === undefined) return 0
  await using started = await first.start(`${first.name}-calibration`)
  const found = await scenario.calibrate(stageOf(started, bench, first, { calibrated: 0, round: 0 }))
  bench.progress(`${scenario.name} calibrated: ${digits(found)}`)
  return found
}

/** What the rounds of a scenario tell each other apart by. */
interface Turn {
  readonly calibrated: number
  readonly round: number
}

async function runRound(scenario: Scenario, bench: Bench, entry: Entry, turn: Turn): Promise<Round> {
  try {
    await using started = await entry.start(`${entry.name}-${turn.round}`)
    const round = await scenario.run(stageOf(started, bench, entry, turn))
    if (started.subject.program?.isRunning === false) return voided('the proxy ended')
    return round
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return voided(message.replace(/\s+/g, ' ').slice(0, longestReason))
  }
}

function stageOf(started: StartedSubject, bench: Bench, entry: Entry, { calibrated, round }: Turn): Stage {
  return {
    subject: started.subject,
    seconds: bench.seconds,
    calibrated,
    start: () => entry.start(`${entry.name}-${round}-more`),
    executable: bench.executable,
  }
}

function roundText(round: Round, measures: readonly Measure[]): string {
  if (round.kind === 'void') return `void, ${round.reason}`
  return measures
    .flatMap(({ key, label, unit }) => {
      const value = round.figures[key]
      return value === undefined ? [] : [`${label} ${digits(value)} ${unit}`.trimEnd()]
    })
    .join(', ')
}
