/** `npm run bench`: FluxLit beside other proxies. docs/performance.md tells what is measured and how. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defaultOutput } from '../build/executable.mjs'
import { paint, report } from '../shell/progress.mjs'
import { makeCertificate } from './certificate.ts'
import { leaveCore } from './cores.ts'
import { keep } from './keep.ts'
import { readOptions, usage } from './options.ts'
import type { Options } from './options.ts'
import { scenarioText } from './output/report.ts'
import { direct } from './output/results.ts'
import type { Results, ScenarioResult } from './output/results.ts'
import { announce, missingPrograms, participants } from './participants.ts'
import type { Program } from './peers/fluxlit.ts'
import { runScenario } from './rounds.ts'
import type { Bench } from './rounds.ts'
import { scenarios, select } from './scenarios/known.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { surroundings } from './surroundings.ts'

/** @returns exit status: 1 when a scenario gave no valid round of FluxLit */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) return print(usage)
  if (args.includes('--list'))
    return print(scenarios.map(({ name, title }) => `${name}: ${title}`).join('\n'))
  const options = readOptions(args)
  const chosen = select(options.words)
  const directory = mkdtempSync(join(tmpdir(), 'fl-bench-'))
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())
  try {
    await leaveCore(options.core)
    const results = await measure(options, chosen, directory, interrupted.signal)
    // Half a run is worth a look, but not the page.
    keep(results, interrupted.signal.aborted ? { ...options, isForDocs: false } : options)
    return interrupted.signal.aborted || results.scenarios.some(isEmpty) ? 1 : 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(
  options: Options,
  chosen: readonly Scenario[],
  directory: string,
  signal: AbortSignal,
): Promise<Results> {
  const { rounds, seconds, core, peers } = options
  const executable: Program = [options.binary ?? defaultOutput()]
  const certificate = await makeCertificate(directory)
  const found = await participants(options, executable, directory, certificate)
  announce(found)
  const here = found.filter((one) => one.kind === 'found')
  const around = surroundings(Object.fromEntries(here.map(({ peer, version }) => [peer.name, version])))
  const bench: Bench = {
    rounds,
    seconds,
    peers: here.map(({ peer }) => peer),
    isDirectWanted: peers === null || peers.includes(direct),
    executable,
    directory,
    certificate,
    core,
    progress: (line) => console.log(`   ${paint('grey', line)}`),
    signal,
  }
  return { surroundings: around, rounds, seconds, scenarios: await runAll(chosen, bench) }
}

async function runAll(chosen: readonly Scenario[], bench: Bench): Promise<readonly ScenarioResult[]> {
  const missing = await missingPrograms(chosen)
  const results: ScenarioResult[] = []
  for (const scenario of chosen) {
    if (bench.signal.aborted) break
    const result = await runOrSkip(scenario, bench, missing)
    console.log(`\n${scenarioText(result)}\n`)
    results.push(result)
  }
  return results
}

async function runOrSkip(
  scenario: Scenario,
  bench: Bench,
  missing: ReadonlyMap<string, string>,
): Promise<ScenarioResult> {
  const reason = obstacle(scenario, bench, missing)
  if (reason !== null) return { kind: 'skipped', name: scenario.name, title: scenario.title, reason }
  console.log(`${paint('cyan', '>>')} ${scenario.title}`)
  return await runScenario(scenario, bench)
}

/** Why a scenario cannot be run here, null when it can. */
function obstacle(
  { abilities, programs, upstream }: Scenario,
  { peers: [own], certificate }: Bench,
  missing: ReadonlyMap<string, string>,
): string | null {
  if (abilities.includes('tls') && certificate === null) return 'openssl is not installed'
  const lacking = abilities.find((ability) => own?.abilities.includes(ability) !== true)
  if (lacking !== undefined) return `this fluxlit does not know [${lacking}] yet`
  const needed = upstream === 'static' ? [...programs, 'nginx'] : programs
  return needed.map((program) => missing.get(program)).find((reason) => reason !== undefined) ?? null
}

function isEmpty(result: ScenarioResult): boolean {
  if (result.kind === 'skipped') return false
  return result.peers[0]?.rounds.every(({ kind }) => kind === 'void') ?? true
}

function print(text: string): number {
  console.log(text)
  return 0
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
