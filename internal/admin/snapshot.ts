/**
 * What the status page is drawn from: `GET /events` sends one of these per second, as the data of an event
 * `snapshot`. The field names are an interface; fields are added, never renamed. Free of secrets.
 *
 * Two things are only told once: `config` is null when it is as in the snapshot before, and `seconds` of a route has
 * only what ended since `seconds_until` of the snapshot before. The first one of a connection is complete.
 */

import type { RecentRequest } from '../recent/request.ts'
import type { GatewayStatus, WorkerStatus } from './status.ts'

/** Everything at one moment. Counts are since the start of the gateway unless they are of something open now. */
export interface Snapshot {
  /** RFC 3339. */
  readonly time: string
  /** Second since 1970 up to which, itself not included, `seconds` of all routes is told. */
  readonly seconds_until: number
  readonly versions: Versions
  readonly gateway: GatewaySnapshot
  /** By name, in the order of the configuration. */
  readonly workers: Readonly<Record<string, WorkerSnapshot>>
  /** By worker name, `internal`, `none`. */
  readonly routes: Readonly<Record<string, RouteSnapshot>>
  /** Refusals by the code of the failure. */
  readonly rejected: Readonly<Record<string, number>>
  /** The last {@link mostFailures} requests that failed, newest first. */
  readonly failures: readonly RecentRequest[]
  /** The last {@link mostSockets} WebSockets that opened and are still open, oldest first. */
  readonly sockets: readonly SocketSnapshot[]
  /** How the last change of configuration went; the start counts as one. */
  readonly reload: ReloadSnapshot
  /** Every value with its origin, secrets hidden; null = as before. */
  readonly config: readonly ConfigValue[] | null
}

/** Failed requests told one by one. */
export const mostFailures = 20

/** WebSockets told one by one; the number of all is in the routes. */
export const mostSockets = 200

/** What runs. */
export interface Versions {
  readonly fluxlit: string
  readonly commit: string
  /** Without `v`. */
  readonly node: string
}

/** The gateway's own process. */
export interface GatewaySnapshot extends GatewayStatus {
  /** Resident memory; null = unknown. */
  readonly memory_bytes: number
  readonly heap_bytes: number
  /** User and system time since its start. */
  readonly cpu_seconds: number
  readonly open_files: number | null
  readonly max_files: number | null
  /** The longest a timer was late in about the last second, in milliseconds. */
  readonly eventloop_lag_ms: number
  /** Requests that wait for a worker now. */
  readonly held_requests: number
  readonly log_dropped: number
  /** RFC 3339; null without TLS. */
  readonly certificate_expires_at: string | null
}

/** One worker. */
export interface WorkerSnapshot extends WorkerStatus {
  /** Starts after the first one, by reason: `crash`, `hang`, `memory`, `restart`, `reload`, ... */
  readonly restart_reasons: Readonly<Record<string, number>>
  /** Resident bytes of all its processes; null = unknown, or no process of ours. */
  readonly memory_bytes: number | null
  readonly cpu_seconds: number | null
  /** Its single processes when there are several, else none. */
  readonly replicas: readonly ReplicaSnapshot[]
}

/** One of several processes of a worker. */
export interface ReplicaSnapshot {
  /** `api.1`. */
  readonly name: string
  readonly state: WorkerStatus['state']
  readonly pid: number | null
  readonly memory_bytes: number | null
  readonly cpu_seconds: number | null
}

/** The traffic of one route. */
export interface RouteSnapshot {
  readonly requests: number
  /** Answers of 500 and above among them, whoever gave them. */
  readonly errors: number
  readonly in_flight: number
  readonly websockets: number
  readonly bytes_in: number
  readonly bytes_out: number
  /** Of the last five minutes, oldest first; a second in which nothing ended is left out. */
  readonly seconds: readonly SecondSnapshot[]
}

/** What ended in one second. */
export interface SecondSnapshot {
  /** Since 1970. */
  readonly second: number
  readonly requests: number
  readonly errors: number
  /** Milliseconds from the head of a request to the end of its answer. */
  readonly p50_ms: number
  readonly p90_ms: number
  readonly p99_ms: number
}

/** One open WebSocket. */
export interface SocketSnapshot {
  readonly request_id: string
  readonly route: string
  readonly client: string
  /** RFC 3339. */
  readonly opened_at: string
  readonly bytes_in: number
  readonly bytes_out: number
}

/** One change of configuration. */
export interface ReloadSnapshot {
  readonly succeeded: boolean
  /** RFC 3339, of the last one that succeeded. */
  readonly at: string
}

/** One value of the configuration. */
export interface ConfigValue {
  /** Dotted: `workers.api.app`. */
  readonly path: string
  /** As written in a file. */
  readonly value: unknown
  /** `fluxlit.toml:12`, `environment FLUXLIT_X`, `--port`, `default`. */
  readonly origin: string
}
