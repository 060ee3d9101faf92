/** Bodies of 100 MB: whether they stream, how fast, and what they leave behind. */

import type { TransferOptions, TransferResult } from '../load/programs/transfer.ts'
import { Task } from '../load/task.ts'
import type { Round } from '../output/results.ts'
import { measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

const megabyte = 1024 * 1024

/** Bodies that are measured, after one that is not. */
const times = 5

async function run(stage: Stage, direction: TransferOptions['direction']): Promise<Round> {
  const { subject } = stage
  const path = direction === 'down' ? '/100mb' : '/upload'
  const options = { port: subject.port, direction, path, bytes: 100 * megabyte, connections: 1 } as const
  const { result, growthBytes, cpuMicroseconds } = await subject.cost(async () => {
    const first = await transfer({ ...options, times: 1 })
    const cpuBefore = subject.cpuMicroseconds
    const rest = await transfer({ ...options, times })
    return { first, rest, cpu: subject.cpuMicroseconds - cpuBefore }
  })
  const { first, rest, cpu } = result
  if (first.completed < 1 || rest.completed < times)
    return voided(`a body did not arrive: ${first.reason || rest.reason}`)
  const megabytes = rest.bytes / megabyte
  return measured({
    speed: megabytes / rest.seconds,
    cpu: (cpuMicroseconds === 0 ? 0 : cpu) / megabytes,
    growth: growthBytes / megabyte,
  })
}

async function transfer(options: TransferOptions): Promise<TransferResult> {
  await using task = new Task<TransferResult>('transfer', options)
  await task.ready()
  return await task.run()
}

function scenario(name: string, title: string, direction: TransferOptions['direction']): Scenario {
  return {
    name,
    title,
    upstream: direction === 'down' ? 'static' : 'origin',
    transport: 'unix',
    field: 'all and direct',
    abilities: [],
    programs: [],
    measures: [
      { key: 'speed', label: 'throughput', unit: 'MiB/s', better: 'higher' },
      { key: 'cpu', label: 'CPU per MiB', unit: 'us', better: 'lower' },
      { key: 'growth', label: 'memory growth', unit: 'MiB', better: 'lower' },
    ],
    budgets: [
      { kind: 'ratio', measure: 'speed', limit: 0.8, goal: 1 },
      { kind: 'value', measure: 'growth', limit: 32 },
    ],
    run: (stage) => run(stage, direction),
  }
}

/** One connection, one body after the other. */
export const transferScenarios: readonly Scenario[] = [
  scenario('download', '100 MB down', 'down'),
  scenario('upload', '100 MB up', 'up'),
]
