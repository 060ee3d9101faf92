/** The workers of one configuration together with what routes to them. */

import { realpathSync } from 'node:fs'
import type { Config, WorkerConfig } from '../config/config.ts'
import type { WorkerFacts } from '../admin/status.ts'
import { History } from '../worker/history.ts'
import type { WorkerRoom } from '../worker/room.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { createWorker } from '../worker/worker.ts'
import { Backend, type BackendOptions } from './backend.ts'

/** One worker: its configuration, its life, and its place behind a mount (none for `process`). */
export interface Member {
  readonly config: WorkerConfig
  readonly worker: SupervisedWorker
  readonly backend: Backend | null
  /** Of this worker and of those that had its name under the configurations before. */
  readonly history: History
  /** Where its working directory really was when it was last started on purpose; null when it has none. */
  realCwd: string | null
}

/** All workers of a configuration. */
export interface Fleet {
  readonly config: Config
  /** What its workers were made in. */
  readonly room: WorkerRoom
  readonly members: readonly Member[]
}

/**
 * Puts the workers of `config` together. Nothing is started.
 *
 * @param before the members of the configuration before; one of the same name hands its history on
 * @param kept names of those that go on as they are; all others are made
 */
export function assembleFleet(
  config: Config,
  room: WorkerRoom,
  before: readonly Member[] = [],
  kept: ReadonlySet<string> = new Set(),
): Fleet {
  const members = config.workers.map((table): Member => {
    const past = before.find((member) => member.config.name === table.name) ?? null
    const options = backendOptions(config, table)
    return past !== null && kept.has(table.name)
      ? keepMember(past, table, options)
      : makeMember(past, table, options, room)
  })
  return { config, room, members }
}

/** The member of that name. */
export function memberOf({ members }: Fleet, name: string): Member | null {
  return members.find(({ config }) => config.name === name) ?? null
}

/** The worker's working directory with every symbolic link followed; null when it has none or it is gone. */
export function realDirectory(worker: WorkerConfig): string | null {
  if (worker.kind === 'static' || worker.run.kind === 'url') return null
  try {
    return realpathSync(worker.run.cwd)
  } catch {
    return null
  }
}

function keepMember(past: Member, table: WorkerConfig, options: BackendOptions): Member {
  const { worker, backend } = past
  if (table.kind === 'process' || backend === null || backend.isMadeWith(options))
    return { ...past, config: table }
  return { ...past, config: table, backend: new Backend(worker, table, options, backend) }
}

function makeMember(
  past: Member | null,
  table: WorkerConfig,
  options: BackendOptions,
  room: WorkerRoom,
): Member {
  const history = past?.history ?? new History()
  const worker = createWorker(table, room, history)
  if (past === null) history.follow(worker)
  const backend = table.kind === 'process' ? null : new Backend(worker, table, options, past?.backend ?? null)
  return { config: table, worker, backend, history, realCwd: realDirectory(table) }
}

/** The backends in routing order. */
export function backendsOf(fleet: Fleet): readonly Backend[] {
  return fleet.members.flatMap(({ backend }) => (backend === null ? [] : [backend]))
}

/** The workers in the order of the configuration. */
export function workersOf(fleet: Fleet): readonly SupervisedWorker[] {
  return fleet.members.map(({ worker }) => worker)
}

/** Stops all workers at the same time; resolves when nothing of them is left. */
export async function closeMembers(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(({ worker }) => worker.close()))
  await Promise.all(members.flatMap(({ backend }) => (backend === null ? [] : [backend.close()])))
}

/** What `fluxlit status` shows of each worker. */
export function factsOf(fleet: Fleet): readonly WorkerFacts[] {
  return fleet.members.map(({ config, worker, backend, history }) => ({
    worker,
    kind: config.kind,
    mount: config.kind === 'process' ? null : config.mount,
    restarts: history.restarts,
    deaths: history.deaths,
    history: history.changes,
    in_flight: backend?.inFlight ?? 0,
    websockets: backend?.tunnels ?? 0,
    memory_bytes: worker.usage?.memoryBytes ?? null,
    sessions_lost: backend?.sessionsLost ?? 0,
  }))
}

/** Path of the API below the root path, `''` when it is the root or there is none. */
export function apiPath(config: Config): string {
  const api = config.workers.find((worker) => worker.kind === 'uvicorn')
  return api === undefined || api.mount === '/' ? '' : api.mount
}

function backendOptions(config: Config, worker: WorkerConfig): BackendOptions {
  const { limits } = config
  const own = config.workerTimeouts[worker.name] ?? config.timeouts
  // Uvicorn is started with 75 s; of all others only its default of 5 s is known.
  const ours = worker.kind === 'uvicorn' && worker.run.kind === 'spawn'
  return {
    rootPath: config.rootPath,
    holdMs: config.timeouts.holdMs,
    maxHeld: 1024,
    websocketIdleMs: own.websocketIdleMs,
    upstream: {
      connectMs: own.connectMs,
      responseHeadersMs: own.responseHeadersMs,
      responseIdleMs: own.responseIdleMs,
      keepAliveMs: ours ? 60_000 : 4_000,
      maxInFlight: worker.kind === 'process' ? 0 : worker.maxInFlight,
      headerBytes: limits.headerBytes,
      headerCount: limits.headerCount,
    },
  }
}
