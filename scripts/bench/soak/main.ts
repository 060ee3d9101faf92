/** `npm run soak`: mixed load for a long time; memory and descriptors must end as they began. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { defaultOutput } from '../../build/executable.mjs'
import { paint, report, repository } from '../../shell/progress.mjs'
import { leaveCore } from '../cores.ts'
import { unlessInterrupted } from '../interrupted.ts'
import { launch } from '../launch.ts'
import type { MixedOptions, MixedResult } from '../load/programs/mixed.ts'
import { Task } from '../load/task.ts'
import type { Subject } from '../measure/subject.ts'
import { linePlots } from '../output/svg.ts'
import { digits } from '../output/table.ts'
import { fluxlit } from '../peers/fluxlit.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { Upstream } from '../upstream/upstream.ts'
import { judgeFlat } from './judgement.ts'
import type { Sample, Trend } from './judgement.ts'

/** Core of the gateway. */
const core = 0
/** Acts a second the search for the wanted load begins with. */
const firstRate = 100
/** Steps of that search, and seconds of each. */
const searches = { steps: 3, seconds: 8 }
/** After this long caches, pools and compilers have settled. */
const steadySeconds = 600
/** Samples of a run. */
const sampleCount = 720

const megabyte = 1024 * 1024

/** A gateway that takes whatever comes. */
const mixed: Pick<Scenario, 'transport' | 'abilities'> = { transport: 'unix', abilities: ['log'] }

/** @returns exit status: 1 when something was not flat or went wrong */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '60' },
      load: { type: 'string', default: '0.2' },
      binary: { type: 'string', default: defaultOutput() },
      out: { type: 'string', default: join(repository, 'dist', 'bench') },
    },
  })
  const [minutes, load] = [Number(values.minutes), Number(values.load)]
  if (!(minutes > 0) || !(load > 0 && load < 1)) throw new Error('--minutes from 0, --load between 0 and 1')
  const directory = mkdtempSync(join(tmpdir(), 'fl-soak-'))
  try {
    await leaveCore(core)
    return await soak({ seconds: minutes * 60, load, binary: values.binary, out: values.out, directory })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Soak {
  readonly seconds: number
  /** Share of a core the gateway should use, 0 to 1. */
  readonly load: number
  readonly binary: string
  readonly out: string
  readonly directory: string
}

async function soak({ seconds, load, binary, out, directory }: Soak): Promise<number> {
  const peer = await fluxlit([binary], directory, null)
  await using upstream = await Upstream.start('origin', join(directory, 'up'))
  await using started = await launch(
    peer,
    { scenario: mixed, upstream, directory, certificate: null, core },
    'gateway',
  )
  const { subject } = started
  const rate = await unlessInterrupted(rateFor(load, subject))
  console.log(`${paint('cyan', '>>')} ${digits(rate)} acts a second for ${digits(seconds / 60)} minutes`)
  const samples: Sample[] = []
  const work = Promise.all([act(subject, rate, seconds), watch(subject, seconds, samples)])
  const [result] = await unlessInterrupted(work)
  write(out, samples)
  return judge(result, samples)
}

/** The rate at which the gateway uses the wanted share of its core. */
async function rateFor(load: number, subject: Subject): Promise<number> {
  let rate = firstRate
  for (let step = 0; step < searches.steps; step += 1) {
    const { cpuMicroseconds, seconds } = await subject.cost(() => act(subject, rate, searches.seconds))
    const used = cpuMicroseconds / 1e6 / seconds
    console.log(`   ${paint('grey', `${digits(rate)} acts a second use ${digits(used * 100)} % of a core`)}`)
    rate *= Math.min(8, load / Math.max(used, 0.001))
  }
  return rate
}

async function act(subject: Subject, rate: number, seconds: number): Promise<MixedResult> {
  const options: MixedOptions = { port: subject.port, rate, seconds }
  await using task = new Task<MixedResult>('mixed', options)
  await task.ready()
  return await task.run()
}

async function watch(subject: Subject, seconds: number, samples: Sample[]): Promise<void> {
  const interval = Math.max(1, seconds / sampleCount)
  const start = performance.now()
  let [last, cpuLast] = [start, subject.cpuMicroseconds]
  for (let now = start; now - start < seconds * 1000;) {
    await pause(interval * 1000)
    now = performance.now()
    const cpuNow = subject.cpuMicroseconds
    const cpu = (cpuNow - cpuLast) / 1000 / (now - last)
    ;[last, cpuLast] = [now, cpuNow]
    const { anonymousBytes, descriptors } = subject
    samples.push({ seconds: (now - start) / 1000, anonymousBytes, descriptors, cpu })
    if (samples.length % 30 === 0) console.log(`   ${paint('grey', sampleText(samples.at(-1)))}`)
  }
}

function sampleText(sample: Sample | undefined): string {
  if (sample === undefined) return ''
  const { seconds, anonymousBytes, descriptors, cpu } = sample
  const parts = [
    `${digits(anonymousBytes / megabyte)} MiB`,
    `${descriptors} descriptors`,
    `${digits(cpu * 100)} % CPU`,
  ]
  return `${digits(seconds)} s: ${parts.join(', ')}`
}

function write(out: string, samples: readonly Sample[]): void {
  mkdirSync(out, { recursive: true })
  const lines = samples.map(({ seconds, anonymousBytes, descriptors, cpu }) =>
    [seconds.toFixed(1), anonymousBytes, descriptors, cpu.toFixed(4)].join(','),
  )
  writeFileSync(join(out, 'soak.csv'), `seconds,anonymous_bytes,descriptors,cpu\n${lines.join('\n')}\n`)
  const line = (value: (sample: Sample) => number): { x: number; y: number }[] =>
    samples.map((sample) => ({ x: sample.seconds, y: value(sample) }))
  const plots = linePlots('FluxLit under mixed load', [
    {
      title: 'Anonymous memory',
      unit: 'MiB',
      points: line(({ anonymousBytes }) => anonymousBytes / megabyte),
    },
    { title: 'Open descriptors', unit: '', points: line(({ descriptors }) => descriptors) },
    { title: 'CPU', unit: '% of a core', points: line(({ cpu }) => cpu * 100) },
  ])
  writeFileSync(join(out, 'soak.svg'), plots)
  console.log(`written: ${join(out, 'soak.csv')}, soak.svg`)
}

function judge({ done, failed, skipped, reason }: MixedResult, samples: readonly Sample[]): number {
  const { memory, descriptors } = judgeFlat(samples)
  const end = samples.at(-1)?.seconds ?? 0
  if (end < steadySeconds) console.log('a run this short mostly shows how the gateway warms up')
  const counts = Object.entries(done).map(([name, count]) => `${name} ${digits(count)}`)
  console.log(
    `acts: ${counts.join(', ')}; failed ${failed}, skipped ${skipped}${reason === '' ? '' : ` (${reason})`}`,
  )
  console.log(trendText('memory', memory, megabyte, 'MiB'))
  console.log(trendText('descriptors', descriptors, 1, ''))
  return memory.isFlat && descriptors.isFlat && failed === 0 ? 0 : 1
}

function trendText(name: string, { growth, allowed, isFlat }: Trend, unit: number, label: string): string {
  const word = isFlat ? paint('green', 'flat') : paint('red', 'not flat')
  const amounts = `${digits(growth / unit)} ${label} over the last two thirds, up to ${digits(allowed / unit)} ${label} allowed`
  return `${name}: ${word}, ${amounts.replaceAll('  ', ' ').replaceAll(' ,', ',')}`
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
