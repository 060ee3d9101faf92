/** What FluxLit takes before it does anything: time and memory. */

import { capture } from '../../shell/run.mjs'
import type { Round } from '../output/results.ts'
import { measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

const megabyte = 1024 * 1024

async function version({ executable: [command, ...args] }: Stage): Promise<Round> {
  const start = performance.now()
  const { status } = await capture(command, [...args, '--version'])
  const took = performance.now() - start
  return status === 0 ? measured({ time: took }) : voided(`--version ended with ${status}`)
}

async function listening(stage: Stage): Promise<Round> {
  await using started = await stage.start()
  return measured({ time: started.listeningMs })
}

async function idleMemory({ subject, seconds }: Stage): Promise<Round> {
  return measured({ memory: (await subject.settledBytes(Math.max(3, seconds))) / megabyte })
}

const common = {
  upstream: 'static',
  transport: 'unix',
  abilities: [],
  programs: [],
} as const

const time = { key: 'time', label: 'time', unit: 'ms', better: 'lower' } as const

/** `--version`, from serve to the first accepted connection, and the memory of a gateway nobody asks anything. */
export const startingScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'version',
    title: '`--version`',
    field: 'fluxlit',
    measures: [time],
    budgets: [{ kind: 'value', measure: 'time', limit: 80 }],
    run: version,
  },
  {
    ...common,
    name: 'start',
    title: 'From `serve` to listening',
    field: 'all',
    measures: [time],
    budgets: [{ kind: 'value', measure: 'time', limit: 250 }],
    run: listening,
  },
  {
    ...common,
    name: 'idle-memory',
    title: 'Memory of an idle proxy',
    field: 'all',
    measures: [{ key: 'memory', label: 'anonymous memory', unit: 'MiB', better: 'lower' }],
    budgets: [{ kind: 'value', measure: 'memory', limit: 40 }],
    run: idleMemory,
  },
]
