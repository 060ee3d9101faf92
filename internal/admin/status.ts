/**
 * What a running gateway says about itself: the body of `GET /status` on the control socket and the output of
 * `fluxlit status --json`. The field names are an interface; fields are added, never renamed.
 */

import type { Address, WorkerConfig } from '../config/config.ts'
import { readiness, type Readiness } from '../health/health.ts'
import type { Notice } from '../maintenance/maintenance.ts'
import type { StateChange } from '../worker/history.ts'
import type { SupervisedWorker, WorkerState } from '../worker/types.ts'

/** The gateway and all its workers. Free of secrets: no configuration values, only where they were read from. */
export interface StatusReport {
  readonly gateway: GatewayStatus
  /** By name, in the order of the configuration. */
  readonly workers: Readonly<Record<string, WorkerStatus>>
}

/** The gateway's own process. */
export interface GatewayStatus {
  readonly version: string
  readonly pid: number
  /** Where it listens, with the root path: `http://127.0.0.1:8000/tools`. */
  readonly url: string
  /** Whole seconds since the start, monotonic. */
  readonly uptime_s: number
  readonly state: Readiness['status']
  /** `Config.instanceKey`: absolute path of the first configuration file, or the directory when there is none. */
  readonly instance: string
  /** `Config.sources`. */
  readonly config: readonly string[]
  /** RFC 3339. */
  readonly started_at: string
}

/** One worker. Counts are since the start of the gateway unless they are of something open now. */
export interface WorkerStatus {
  readonly kind: WorkerConfig['kind']
  readonly state: WorkerState['kind']
  /** Start of this state, RFC 3339. */
  readonly since: string
  /** Why it is not ready, one sentence; null while it is, and while nothing is wrong. */
  readonly reason: string | null
  /** Number of the current start; null before the first and after the last. */
  readonly generation: number | null
  readonly pid: number | null
  /** `unix:/run/...` or `127.0.0.1:41234`; null while there is none. */
  readonly address: string | null
  /** Whether the gateway starts it; false for workers run elsewhere and for static files. */
  readonly spawned: boolean
  readonly required: boolean
  /** Path prefix; null for a worker without one. */
  readonly mount: string | null
  /** Starts after the first one, for whatever reason. */
  readonly restarts: number
  /** The last deaths, oldest first. */
  readonly deaths: readonly Death[]
  /** The last changes of its state, oldest first; it goes on when a reload changes the worker's settings. */
  readonly history: readonly StateChange[]
  /** Last lines of output, oldest first. */
  readonly last_lines: readonly string[]
  /** HTTP requests being answered now. */
  readonly in_flight: number
  /** WebSockets open now. */
  readonly websockets: number
  /** The last whole minute; null when nothing ended in it. */
  readonly traffic: RecentTraffic | null
  /** Resident memory of its processes in bytes; null when it is not ours, or not known yet. */
  readonly memory_bytes: number | null
  /** Streamlit sessions whose state was lost to restarts. */
  readonly sessions_lost: number
  /** What its clients are told in place of being served; null = they are served. */
  readonly maintenance: Notice | null
}

/** Requests of a minute. */
export interface RecentTraffic {
  readonly requests_per_s: number
  /** Answers of 500 and above, whoever gave them. */
  readonly errors_per_s: number
  /** Milliseconds from the first byte of the request to the end of the answer. */
  readonly p50_ms: number
  readonly p90_ms: number
  readonly p99_ms: number
}

/** One end of a process that nobody asked for. */
export interface Death {
  /** RFC 3339. */
  readonly time: string
  /** Whole seconds it had lived. */
  readonly uptime_s: number
  /** One sentence: `exit status 1`, `killed by SIGKILL (not by the gateway: out of memory?)`. */
  readonly cause: string
  /** What the process said last, or where it hung; of the last few deaths only. */
  readonly lines?: readonly string[]
}

/** What {@link makeStatusReport} needs to know of the gateway. */
export interface GatewayFacts {
  readonly version: string
  readonly url: string
  readonly instance: string
  readonly sources: readonly string[]
  /** Wall-clock milliseconds. */
  readonly startedAt: number
  /** Monotonic milliseconds since the start. */
  readonly uptimeMs: number
  readonly draining: boolean
  readonly maintenance: (worker: string) => Notice | null
  readonly traffic: (worker: string) => RecentTraffic | null
}

/** What it needs to know of each worker. */
export interface WorkerFacts extends Pick<
  WorkerStatus,
  | 'kind'
  | 'mount'
  | 'restarts'
  | 'deaths'
  | 'history'
  | 'in_flight'
  | 'websockets'
  | 'memory_bytes'
  | 'sessions_lost'
> {
  readonly worker: Pick<SupervisedWorker, 'name' | 'required' | 'spawned' | 'state' | 'lastLines'>
}

/** The report of this process. Pure but for its own process id. */
export function makeStatusReport(gateway: GatewayFacts, workers: readonly WorkerFacts[]): StatusReport {
  const view = { workers: workers.map(({ worker }) => worker), draining: gateway.draining }
  return {
    gateway: {
      version: gateway.version,
      pid: process.pid,
      url: gateway.url,
      uptime_s: Math.floor(gateway.uptimeMs / 1000),
      state: readiness(view).status,
      instance: gateway.instance,
      config: gateway.sources,
      started_at: new Date(gateway.startedAt).toISOString(),
    },
    workers: Object.fromEntries(
      workers.map((facts) => [
        facts.worker.name,
        workerStatus(facts, {
          maintenance: facts.mount === null ? null : gateway.maintenance(facts.worker.name),
          traffic: facts.mount === null ? null : gateway.traffic(facts.worker.name),
        }),
      ]),
    ),
  }
}

function workerStatus(
  { worker, ...facts }: WorkerFacts,
  { maintenance, traffic }: Pick<WorkerStatus, 'maintenance' | 'traffic'>,
): WorkerStatus {
  const { state } = worker
  const address = 'address' in state ? state.address : null
  return {
    kind: facts.kind,
    state: state.kind,
    since: new Date(state.since).toISOString(),
    reason: reasonOf(state),
    generation: 'generation' in state ? state.generation : null,
    pid: 'pid' in state ? state.pid : null,
    address: address === null ? null : addressText(address),
    spawned: worker.spawned,
    required: worker.required,
    mount: facts.mount,
    restarts: facts.restarts,
    deaths: facts.deaths,
    history: facts.history,
    last_lines: worker.lastLines,
    in_flight: facts.in_flight,
    websockets: facts.websockets,
    traffic,
    memory_bytes: facts.memory_bytes,
    sessions_lost: facts.sessions_lost,
    maintenance,
  }
}

function reasonOf(state: WorkerState): string | null {
  if (state.kind === 'unhealthy') return state.reason
  if (state.kind === 'backing-off') return state.last.message
  return state.kind === 'failed' ? state.reason.message : null
}

function addressText(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
