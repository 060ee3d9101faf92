/** The workers of one configuration together with what routes to them. */

import { realpathSync } from 'node:fs'
import type { Config, RoutedWorker, WorkerConfig } from '../config/config.ts'
import type { WorkerFacts } from '../admin/status.ts'
import type { WorkerRoom } from '../worker/room.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { createWorker } from '../worker/worker.ts'
import { Backend, type BackendOptions } from './backend.ts'

/** One worker: its configuration, its life, and its place behind a mount (none for `process`). */
export interface Member {
  readonly config: WorkerConfig
  readonly worker: SupervisedWorker
  readonly backend: Backend | null
  /** Where its working directory really was when it was last started on purpose; null when it has none. */
  realCwd: string | null
}

/** All workers of a configuration. */
export interface Fleet {
  readonly config: Config
  readonly members: readonly Member[]
}

/** Makes every worker of `config` that `keep` does not already have. Nothing is started. */
export function assembleFleet(
  config: Config,
  room: WorkerRoom,
  keep: (worker: WorkerConfig) => Member | null = () => null,
): Fleet {
  const members = config.workers.map((worker): Member => {
    const kept = keep(worker)
    const running = kept?.worker ?? createWorker(worker, room)
    const realCwd = kept === null ? realDirectory(worker) : kept.realCwd
    if (worker.kind === 'process') return { config: worker, worker: running, backend: null, realCwd }
    const backend = backendFor(worker, running, backendOptions(config, worker), kept?.backend ?? null)
    return { config: worker, worker: running, backend, realCwd }
  })
  return { config, members }
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

function backendFor(
  config: RoutedWorker,
  worker: SupervisedWorker,
  options: BackendOptions,
  previous: Backend | null,
): Backend {
  if (previous !== null && previous.isMadeWith(options)) return previous
  return new Backend(worker, config, options, previous)
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
  return fleet.members.map(({ config, worker, backend }) => ({
    worker,
    kind: config.kind,
    mount: config.kind === 'process' ? null : config.mount,
    restarts: Object.values(worker.restarts).reduce((sum, count) => sum + count, 0),
    deaths: worker.deaths,
    in_flight: backend?.inFlight ?? 0,
    websockets: backend?.tunnels ?? 0,
    sessions_lost: backend?.sessionsLost ?? 0,
  }))
}

/** Path of the API below the root path, `''` when it is the root or there is none. */
export function apiPath(config: Config): string {
  const api = config.workers.find((worker) => worker.kind === 'uvicorn')
  return api === undefined || api.mount === '/' ? '' : api.mount
}

function backendOptions(config: Config, worker: WorkerConfig): BackendOptions {
  const { timeouts, limits } = config
  // Uvicorn is started with 75 s; of all others only its default of 5 s is known.
  const ours = worker.kind === 'uvicorn' && worker.run.kind === 'spawn'
  return {
    rootPath: config.rootPath,
    holdMs: timeouts.holdMs,
    maxHeld: 1024,
    upstream: {
      connectMs: timeouts.connectMs,
      responseHeadersMs: timeouts.responseHeadersMs,
      responseIdleMs: timeouts.responseIdleMs,
      keepAliveMs: ours ? 60_000 : 4_000,
      connections: 1024,
      headerBytes: limits.headerBytes,
    },
  }
}
