/** Whether anything holds the event loop: the p99 of livez while the worst we know of goes on. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { HandshakesOptions, HandshakesResult } from '../load/programs/handshakes.ts'
import type { SocketsOptions, SocketsResult } from '../load/programs/sockets.ts'
import type { TransferOptions, TransferResult } from '../load/programs/transfer.ts'
import { Task } from '../load/task.ts'
import type { Round } from '../output/results.ts'
import { livez, probeMeasures, whileProbing } from './probing.ts'
import { measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

const gigabyte = 1024 * 1024 * 1024
const socketCount = 5000

/** Gives a reason why what went on was not what it should have been, `''` when it was. */
type Disturbance = (stage: Stage) => Promise<string>

async function upload({ subject }: Stage): Promise<string> {
  const size = { bytes: gigabyte, times: 1, connections: 1 } as const
  const options: TransferOptions = { port: subject.port, direction: 'up', path: '/upload', ...size }
  await using task = new Task<TransferResult>('transfer', options)
  await task.ready()
  return (await task.run()).reason
}

async function handshakes({ subject, seconds }: Stage): Promise<string> {
  const options: HandshakesOptions = { port: subject.port, path: '/json', parallel: 16, seconds }
  await using task = new Task<HandshakesResult>('handshakes', options)
  await task.ready()
  return (await task.run()).reason
}

/** Opens the sockets, lets them be, and has the upstream end all of them at the same moment. */
async function hangUps({ subject, seconds }: Stage): Promise<string> {
  const size = { count: socketCount, size: 200, kind: 'hold', seconds } as const
  const options: SocketsOptions = { port: subject.port, ...size }
  await using task = new Task<SocketsResult>('sockets', options)
  await task.ready()
  const answer = await fetch(subject.url('/hang-up'))
  const { open } = await task.run()
  return answer.ok && open === 0 ? '' : `${open} sockets were still open`
}

/** Opens the sockets; then, while the probe asks, the gateway ends all of them: their worker leaves with a reload. */
async function drain({ subject, seconds }: Stage): Promise<Round> {
  const { port, directory, program } = subject
  if (directory === null || program === null) return voided('there is no gateway to reload')
  const size = { count: socketCount, size: 200, kind: 'hold', seconds } as const
  await using task = new Task<SocketsResult>('sockets', { port, ...size } satisfies SocketsOptions)
  await task.ready()
  const file = join(directory, 'fluxlit.toml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(upstream\.mount = )"\/"/, '$1"/moved"'))
  const { figures, complaint, result } = await whileProbing({ port, isSecure: false }, livez, seconds, () => {
    process.kill(program.pid, 'SIGHUP')
    return task.run()
  })
  if (result.open > 0) return voided(`${result.open} sockets were still open`)
  return complaint === '' ? measured(figures) : voided(complaint)
}

async function run(stage: Stage, disturb: Disturbance): Promise<Round> {
  const { subject, seconds } = stage
  const target = { port: subject.port, isSecure: subject.isSecure }
  const probed = await whileProbing(target, livez, Math.max(seconds, 5), () => disturb(stage))
  const reason = probed.complaint || probed.result
  return reason === '' ? measured(probed.figures) : voided(reason)
}

const common = {
  upstream: 'origin',
  transport: 'unix',
  field: 'fluxlit',
  programs: [],
  measures: probeMeasures,
  budgets: [{ kind: 'value', measure: 'p99', limit: 50 }],
} as const

function scenario(rest: Pick<Scenario, 'name' | 'title' | 'abilities'>, disturb: Disturbance): Scenario {
  return { ...common, run: (stage) => run(stage, disturb), ...rest }
}

/** livez, 50 times a second, on a connection of its own. */
export const eventLoopScenarios: readonly Scenario[] = [
  scenario({ name: 'livez-upload', title: 'livez while 1 GB is uploaded', abilities: [] }, upload),
  scenario(
    {
      name: 'livez-sockets',
      title: `livez while ${socketCount} WebSockets open and end at once`,
      abilities: ['websocket'],
    },
    hangUps,
  ),
  {
    ...common,
    name: 'livez-drain',
    title: `livez while ${socketCount} WebSockets are drained`,
    abilities: ['websocket'],
    run: drain,
  },
  scenario(
    { name: 'livez-handshakes', title: 'livez during TLS handshakes at full rate', abilities: ['tls'] },
    handshakes,
  ),
]
