/**
 * `npm run bench:profile -- SCENARIO`: FluxLit alone under the load of a scenario, with V8's CPU profiler on. The
 * executable takes no flags for its Node, so the same bundle is run with the pinned Node instead.
 */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { SourceMap } from 'node:module'
import type { SourceMapPayload } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { defaultOutput } from '../../build/executable.mjs'
import { paint, report, repository } from '../../shell/progress.mjs'
import { makeCertificate } from '../certificate.ts'
import { leaveCore } from '../cores.ts'
import { unlessInterrupted } from '../interrupted.ts'
import { launch } from '../launch.ts'
import { digits, textTable } from '../output/table.ts'
import { fluxlit } from '../peers/fluxlit.ts'
import type { Peer } from '../peers/peer.ts'
import { scenarios, select } from '../scenarios/known.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { Upstream } from '../upstream/upstream.ts'
import { hotFunctions } from './profile.ts'
import type { CpuProfile, Hot, Place } from './profile.ts'

/** Core of the proxy, as in the bench. */
const core = 0

/** How many functions are listed. */
const listed = 25

// Here and not beside the executable: from source, the program looks for its other files two directories above itself.
const bundle = join(repository, 'dist', 'bench', 'fluxlit.mjs')

/** @returns exit status: 1 when the round is void */
async function main(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '10' } },
  })
  const [scenario, ...others] = positionals.length === 0 ? [] : select(positionals)
  if (scenario === undefined || others.length > 0) {
    throw new Error(`name one scenario: ${scenarios.map(({ name }) => name).join(', ')}`)
  }
  const directory = mkdtempSync(join(tmpdir(), 'fl-profile-'))
  try {
    await leaveCore(core)
    return await profile(scenario, Number(values.seconds), directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function profile(scenario: Scenario, seconds: number, directory: string): Promise<number> {
  const certificate = await makeCertificate(directory)
  const map = copyBundle()
  const profiles = join(directory, 'profiles')
  const peer = withProfiler(await fluxlit([process.execPath, bundle], directory, certificate), profiles)
  await using upstream = await Upstream.start(scenario.upstream, join(directory, 'up'))
  const place = { scenario, upstream, directory, certificate, core }
  const start = (): ReturnType<typeof launch> => launch(peer, place, 'more')
  const started = await launch(peer, place, 'fluxlit')
  const stage = { subject: started.subject, seconds, start, executable: [process.execPath, bundle] } as const
  const calibrated = (await scenario.calibrate?.({ ...stage, calibrated: 0 })) ?? 0
  console.log(`${paint('cyan', '>>')} ${scenario.title}`)
  const from = microseconds()
  const round = await unlessInterrupted(scenario.run({ ...stage, calibrated }))
  const to = microseconds()
  await started[Symbol.asyncDispose]()
  if (round.kind === 'void') throw new Error(`the round is void: ${round.reason}`)
  const figures = scenario.measures.map(
    ({ key, label, unit }) => `${label} ${digits(round.figures[key] ?? NaN)} ${unit}`,
  )
  console.log(`${figures.join(', ')} (with the profiler on)\n`)
  console.log(hotText(hotFunctions(readProfile(profiles), from, to), map))
  return 0
}

/** The bundle where it finds its files, and the map from its lines to the sources. */
function copyBundle(): SourceMap {
  const built = `${defaultOutput()}.mjs`
  if (!existsSync(built)) throw new Error('no dist/fluxlit.mjs: run `npm run build` first')
  mkdirSync(join(repository, 'dist', 'bench'), { recursive: true })
  copyFileSync(built, bundle)
  const payload: SourceMapPayload = JSON.parse(readFileSync(`${built}.map`, 'utf8'))
  return new SourceMap(payload)
}

function withProfiler(peer: Peer, directory: string): Peer {
  return {
    ...peer,
    invocation: (order) => {
      const { command, env = {} } = peer.invocation(order)
      const [node = '', ...words] = command
      return { command: [node, '--cpu-prof', `--cpu-prof-dir=${directory}`, ...words], env }
    },
  }
}

/** The only profile there is: a scenario that starts further proxies has none of one of them to show. */
function readProfile(directory: string): CpuProfile {
  const [file] = existsSync(directory) ? readdirSync(directory) : []
  if (file === undefined) throw new Error('the program ended without writing its profile')
  return JSON.parse(readFileSync(join(directory, file), 'utf8'))
}

function hotText({ functions, busy, idle }: Hot, map: SourceMap): string {
  const rows = functions
    .slice(0, listed)
    .map(({ name, place, self }) => [
      `${((self / busy) * 100).toFixed(1)} %`,
      digits(self / 1000),
      name,
      placeText(place, map),
    ])
  const table = textTable({
    headings: ['self', 'ms', 'function', 'where'],
    alignments: ['right', 'right', 'left', 'left'],
    rows,
  })
  const [busyText, idleText] = [busy, idle].map((time) => digits(time / 1e6))
  return `${table}\n\nbusy ${busyText} s, idle ${idleText} s`
}

/** `internal/proxy/relay.ts:42` for what is ours, the module's name for what is Node's. */
function placeText({ url, line, column }: Place, map: SourceMap): string {
  if (!url.startsWith('file:')) return url
  const entry = map.findEntry(line, column)
  if (!('originalSource' in entry)) return `${url}:${line + 1}`
  return `${entry.originalSource.replace(/^(\.\.\/)+/, '')}:${entry.originalLine + 1}`
}

function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
