/** What stays open: server-sent events and WebSockets. */

import type { EventsOptions, EventsResult } from '../load/programs/events.ts'
import type { SocketsOptions, SocketsResult } from '../load/programs/sockets.ts'
import { Task } from '../load/task.ts'
import type { Round } from '../output/results.ts'
import { eventIntervalMs } from '../upstream/events.ts'
import { cpuPer, measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

const listeners = 200
const echoes = 64
const idle = 3000
/** Opened and closed before anything is measured, so that code and pools count for nobody. */
const warmUpSockets = 100

async function fanOut({ subject, seconds }: Stage): Promise<Round> {
  const options: EventsOptions = { port: subject.port, listeners, seconds }
  await using task = new Task<EventsResult>('events', options)
  await task.ready()
  const { result, cpuMicroseconds } = await subject.cost(() => task.run())
  const due = (listeners * seconds * 1000) / eventIntervalMs
  if (result.open < listeners) return voided(`${listeners - result.open} listeners were cut off`)
  if (result.events < due * 0.9) return voided(`${result.events} of about ${due} events arrived`)
  return measured({ cpu: cpuMicroseconds / result.events, p99: result.p99 })
}

async function echo({ subject, seconds }: Stage): Promise<Round> {
  const options: SocketsOptions = { port: subject.port, count: echoes, size: 1024, kind: 'echo', seconds }
  await sockets({ ...options, seconds: 1 }, (task) => task.run())
  return await sockets(options, async (task) => {
    const { result, cpuMicroseconds } = await subject.cost(() => task.run())
    if (result.open < echoes) return voided(`${echoes - result.open} sockets were closed`)
    if (result.messages < 100 * seconds) return voided(`only ${result.messages} messages in ${seconds} s`)
    return measured({ cpu: cpuMicroseconds / result.messages, rate: result.messages / seconds })
  })
}

async function idleSockets({ subject, seconds }: Stage): Promise<Round> {
  const options = { port: subject.port, size: 200, kind: 'hold', seconds: 0 } as const
  await sockets({ ...options, count: warmUpSockets }, (task) => task.run())
  const before = await subject.settledBytes(1)
  return await sockets({ ...options, count: idle }, async (task) => {
    const after = await subject.settledBytes(Math.max(3, seconds))
    const { open } = await task.run()
    if (open < idle) return voided(`${idle - open} of ${idle} sockets were closed`)
    return measured({ memory: (after - before) / idle / 1024, descriptors: subject.descriptors / idle })
  })
}

/** Opens the sockets and does something while they are. */
async function sockets<R>(
  options: SocketsOptions,
  work: (task: Task<SocketsResult>) => Promise<R>,
): Promise<R> {
  await using task = new Task<SocketsResult>('sockets', options)
  await task.ready()
  return await work(task)
}

const common = { upstream: 'origin', transport: 'unix', programs: [] } as const

/** Server-sent events and WebSockets over a Unix socket upstream. */
export const streamScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'events',
    title: `Server-sent events, ${listeners} listeners, ${1000 / eventIntervalMs} a second each`,
    field: 'all',
    abilities: [],
    measures: [
      cpuPer('event'),
      { key: 'p99', label: 'p99 from upstream to client', unit: 'ms', better: 'lower' },
    ],
    budgets: [],
    run: fanOut,
  },
  {
    ...common,
    name: 'websocket-echo',
    title: `WebSocket echo of 1 KiB, ${echoes} sockets`,
    field: 'all',
    abilities: ['websocket'],
    measures: [
      cpuPer('message there and back'),
      { key: 'rate', label: 'throughput', unit: 'messages/s', better: 'higher' },
    ],
    budgets: [{ kind: 'ratio', measure: 'cpu', limit: 1.5, goal: 1 }],
    run: echo,
  },
  {
    ...common,
    name: 'websocket-idle',
    title: `${idle} idle WebSockets`,
    field: 'all',
    abilities: ['websocket'],
    measures: [
      { key: 'memory', label: 'memory per socket', unit: 'KiB', better: 'lower' },
      { key: 'descriptors', label: 'descriptors per socket', unit: '', better: 'lower' },
    ],
    budgets: [{ kind: 'value', measure: 'memory', limit: 20, goal: 10 }],
    run: idleSockets,
  },
]
