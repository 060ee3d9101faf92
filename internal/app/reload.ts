/**
 * From one configuration to the next without a request noticing: changed workers are started beside the running
 * ones, the request path switches to the new set at once, and what is no longer needed leaves when it is idle.
 */

import type { Config, WorkerConfig } from '../config/config.ts'
import type { ControlOutcome } from '../admin/control.ts'
import type { Problem } from '../fault/startup.ts'
import { isChild } from '../worker/command.ts'
import { startInOrder } from '../worker/order.ts'
import { preflight } from '../worker/preflight.ts'
import type { WorkerRoom } from '../worker/room.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { serviceRestart } from '../proxy/tunnel.ts'
import type { Backend } from './backend.ts'
import { within } from './deadline.ts'
import { apiPath, assembleFleet, closeMembers, realDirectory, type Fleet, type Member } from './fleet.ts'

/** What a change of configuration needs. */
export interface Reload {
  readonly from: Fleet
  readonly to: Config
  readonly room: WorkerRoom
  /** Routes requests to the new fleet from now on. */
  readonly adopt: (fleet: Fleet) => void
  /** Holds the workers that are started and not adopted yet, so that a stop ends them too. */
  readonly pending: Set<Member>
  readonly progress: (line: string) => void
}

/** Keys that a running gateway cannot change. */
const fixed: readonly (readonly [string, (config: Config) => unknown])[] = [
  ['gateway_host', ({ listen }) => listen.host],
  ['gateway_port', ({ listen }) => listen.port],
  ['internal.listen', ({ internalListen }) => internalListen],
  ['root', ({ root }) => root],
  ['name', ({ name }) => name],
  ['state.dir', ({ stateDir }) => stateDir],
  ['log.format', ({ log }) => log.format],
  ['log_level', ({ log }) => log.level],
  ['timeouts.headers', ({ timeouts }) => timeouts.headersMs],
  ['timeouts.keep_alive', ({ timeouts }) => timeouts.keepAliveMs],
  ['limits.header_bytes', ({ limits }) => limits.headerBytes],
]

/** Changes what differs. Not ok: everything runs as before. */
export async function reload(request: Reload): Promise<ControlOutcome> {
  const { from, to, room, adopt, progress, pending } = request
  const stuck = fixed.filter(([, value]) => !same(value(from.config), value(to)))
  if (stuck.length > 0) return { ok: false, problems: stuck.map(([key]) => needsRestart(key)) }
  const kept = keptMembers(from, to)
  const next = assembleFleet(to, room, (config) => kept.get(config.name) ?? null)
  const fresh = next.members.filter(({ worker }) => !isIn(from, worker))
  const single = fresh.filter((member) => cannotRunTwice(member, from))
  const problems =
    single.length > 0 ? single.map(runsOnce) : await bringUp(fresh, room, { progress, pending })
  if (problems.length > 0) {
    await closeMembers(fresh)
    for (const member of fresh) pending.delete(member)
    await forget(next, from)
    return { ok: false, problems }
  }
  adopt(next)
  for (const member of fresh) pending.delete(member)
  const gone = from.members.filter(({ worker }) => !isIn(next, worker))
  await retire(gone, next, to.drain.timeoutMs, progress)
  const unchanged = next.members.filter(({ worker }) => isIn(from, worker))
  releaseReplaced(from, unchanged, to.drain.timeoutMs)
  const moved = await followLinks(unchanged, progress)
  if (moved.length > 0) return { ok: false, problems: moved }
  return { ok: true, lines: [summary(fresh, gone, next)] }
}

/** Resolves to null when the worker answers, to the reason when its start failed. */
export function settled(worker: SupervisedWorker): Promise<Problem | null> {
  return new Promise((resolve) => {
    const look = (): void => {
      const { state } = worker
      if (state.kind === 'ready') resolve(null)
      if (state.kind === 'backing-off') resolve(state.last)
      if (state.kind === 'failed') resolve(state.reason)
      if (state.kind === 'stopped' && begun)
        resolve({ code: 'stopped', message: `worker ${worker.name} was stopped` })
    }
    let begun = false
    worker.onChange(() => {
      begun = true
      look()
    })
    look()
  })
}

/** How long a worker that is run elsewhere may take to answer before requests are sent to it, in milliseconds. */
const elsewhereMs = 2_000

async function noLongerThan(ms: number, work: Promise<unknown>): Promise<null> {
  await within(ms, work)
  return null
}

/** `replace = "stop-first"`: a second process beside the first would fail, or do everything twice. */
function cannotRunTwice({ config }: Member, from: Fleet): boolean {
  const runs = isChild(config) && config.run.replace === 'stop-first'
  return runs && from.members.some((member) => member.config.name === config.name)
}

function runsOnce({ config }: Member): Problem {
  return {
    code: 'reload_needs_restart',
    message: `worker ${config.name} cannot run twice, so its settings cannot change while it runs`,
    where: config.where,
    hint: 'restart the gateway itself to change it',
  }
}

/** Backends made for a configuration that is not taken up. */
async function forget(next: Fleet, from: Fleet): Promise<void> {
  const made = next.members.filter(
    ({ backend }) => !from.members.some((member) => member.backend === backend),
  )
  await Promise.all(made.flatMap(({ backend }) => (backend === null ? [] : [backend.release(0, null)])))
}

function keptMembers(from: Fleet, to: Config): ReadonlyMap<string, Member> {
  const shared = same(sharedSettings(from.config), sharedSettings(to))
  const kept = new Map<string, Member>()
  for (const member of from.members) {
    const next = to.workers.find(({ name }) => name === member.config.name)
    if (shared && next !== undefined && same(identity(member.config), identity(next)))
      kept.set(next.name, member)
  }
  return kept
}

/** What every worker is started with besides its own table. */
function sharedSettings(config: Config): unknown {
  return [config.rootPath, config.restart, apiPath(config)]
}

/** A worker's settings without the place they stand at: a comment above it must not restart it. */
function identity(config: WorkerConfig): string {
  return JSON.stringify(config, (key, value: unknown) => (key === 'where' ? undefined : value))
}

async function bringUp(
  fresh: readonly Member[],
  room: WorkerRoom,
  { progress, pending }: Pick<Reload, 'progress' | 'pending'>,
): Promise<readonly Problem[]> {
  const unable = await preflight(
    fresh.map(({ config }) => config),
    room,
  )
  if (unable.length > 0) return unable
  for (const { worker } of fresh) progress(`${worker.name}: starting`)
  for (const member of fresh) pending.add(member)
  startInOrder(fresh)
  const outcomes = await Promise.all(
    fresh.map(async ({ worker }) => {
      // One that is run elsewhere may come much later; a moment is enough for one that is there.
      const problem = worker.spawned
        ? await settled(worker)
        : await noLongerThan(elsewhereMs, settled(worker))
      progress(problem === null ? `${worker.name}: ready` : `${worker.name}: failed`)
      return problem
    }),
  )
  return outcomes.filter((problem) => problem !== null)
}

/** Workers that stay, with other limits or timeouts: their new backend has taken over. */
function releaseReplaced(from: Fleet, unchanged: readonly Member[], ms: number): void {
  for (const { worker, backend } of from.members) {
    const successor = unchanged.find((member) => member.worker === worker)
    if (successor !== undefined && successor.backend !== backend) void backend?.release(ms, successor.backend)
  }
}

async function retire(
  gone: readonly Member[],
  next: Fleet,
  ms: number,
  progress: (line: string) => void,
): Promise<void> {
  await Promise.all(
    gone.map(async (member) => {
      const lost = member.config.kind === 'streamlit' ? (member.backend?.tunnels ?? 0) : 0
      await member.backend?.release(ms, successorOf(member, next))
      member.backend?.closeTunnels(serviceRestart, 0)
      await closeMembers([member])
      const sessions =
        lost === 0 ? '' : `, ${lost} Streamlit ${lost === 1 ? 'session' : 'sessions'} lost their state`
      progress(`${member.worker.name}: old process ended${sessions}`)
    }),
  )
}

function successorOf(member: Member, next: Fleet): Backend | null {
  return next.members.find(({ config }) => config.name === member.config.name)?.backend ?? null
}

/** A new checkout behind the same symbolic link is a change too. */
async function followLinks(
  members: readonly Member[],
  progress: (line: string) => void,
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  for (const member of members) {
    const now = realDirectory(member.config)
    if (now === null || now === member.realCwd) continue
    const outcome = await member.worker.replace({ reason: 'reload', progress })
    if (outcome.ok) member.realCwd = now
    else problems.push(outcome.problem)
  }
  return problems
}

function needsRestart(key: string): Problem {
  return {
    code: 'reload_needs_restart',
    message: `\`${key}\` cannot change while the gateway runs`,
    hint: 'restart the gateway itself to change it',
  }
}

function summary(fresh: readonly Member[], gone: readonly Member[], next: Fleet): string {
  if (fresh.length === 0 && gone.length === 0) return 'configuration reloaded, no worker changed'
  const unchanged = next.members.filter((member) => !fresh.includes(member))
  const parts = [
    fresh.length > 0 ? `started ${names(fresh)}` : '',
    gone.length > 0 ? `ended ${names(gone)}` : '',
    unchanged.length > 0 ? `left ${names(unchanged)} alone` : '',
  ]
  return `configuration reloaded: ${parts.filter((part) => part !== '').join('; ')}`
}

function names(members: readonly Member[]): string {
  return members.map(({ worker }) => worker.name).join(', ')
}

function isIn(fleet: Fleet, worker: SupervisedWorker): boolean {
  return fleet.members.some((member) => member.worker === worker)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
