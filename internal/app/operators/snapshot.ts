/** Everything the status page shows, put together from the rooms that know it. */

import type { StatusReport } from '../../admin/status.ts'
import {
  mostSockets,
  type ConfigValue,
  type GatewaySnapshot,
  type ReplicaSnapshot,
  type RouteSnapshot,
  type Snapshot,
  type SocketSnapshot,
  type Versions,
  type WorkerSnapshot,
} from '../../admin/snapshot.ts'
import type { ReportValues } from '../../config/context.ts'
import type { LagMeter } from '../../metrics/lag.ts'
import type { LiveMetrics } from '../../metrics/live-metrics.ts'
import { readProcessUsage } from '../../metrics/process-usage.ts'
import type { RouteTraffic } from '../../metrics/route-traffic.ts'
import type { MetricsSources } from '../../metrics/sources.ts'
import type { RecentRequest } from '../../recent/request.ts'
import type { SupervisedWorker } from '../../worker/types.ts'
import { workersOf, type Fleet } from '../fleet.ts'

/** What a snapshot is made from. */
export interface SnapshotParts {
  readonly versions: Versions
  readonly traffic: LiveMetrics
  readonly lag: LagMeter
  readonly sources: MetricsSources
  readonly status: () => StatusReport
  readonly fleet: () => Fleet
  /** The last failed requests, newest first. */
  readonly failures: () => readonly RecentRequest[]
  /** The values in force; another object after every reload. */
  readonly values: () => ReportValues
}

/** Makes snapshots, each one the rest of the one before. */
export class SnapshotMaker {
  readonly #parts: SnapshotParts
  /** From which second on a listener that asks has been told these values. */
  #told: { readonly values: ReportValues; readonly from: number } | null = null

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  /** @param since `seconds_until` of the snapshot before; null = there was none */
  make(since: number | null): Snapshot {
    const { traffic, sources, status, versions } = this.#parts
    const until = Math.floor((performance.timeOrigin + performance.now()) / 1_000)
    const report = status()
    for (const name of sources.routes()) traffic.route(name)
    return {
      time: new Date().toISOString(),
      seconds_until: until,
      versions,
      gateway: this.#gateway(report),
      workers: this.#workers(report),
      routes: Object.fromEntries(
        [...traffic.routes].map(([name, route]) => [name, routeSnapshot(route, since ?? 0, until)]),
      ),
      rejected: Object.fromEntries(traffic.rejected),
      failures: this.#parts.failures(),
      sockets: [...traffic.routes.values()].flatMap(socketSnapshots).toSorted(byOpening).slice(-mostSockets),
      reload: {
        succeeded: sources.reload().succeeded,
        at: new Date(sources.reload().at).toISOString(),
      },
      config: this.#config(since, until),
    }
  }

  #gateway({ gateway }: StatusReport): GatewaySnapshot {
    const { lag, sources } = this.#parts
    const usage = readProcessUsage()
    const expires = sources.certificateExpiresAt()
    return {
      ...gateway,
      memory_bytes: usage.residentBytes,
      heap_bytes: usage.heapBytes,
      cpu_seconds: usage.cpuSeconds,
      open_files: usage.openFiles,
      max_files: usage.maxFiles,
      eventloop_lag_ms: Math.round(lag.recentMax * 100) / 100,
      held_requests: sources.held(),
      log_dropped: sources.logDropped(),
      certificate_expires_at: expires === null ? null : new Date(expires).toISOString(),
    }
  }

  #workers({ workers }: StatusReport): Readonly<Record<string, WorkerSnapshot>> {
    const all = workersOf(this.#parts.fleet())
    return Object.fromEntries(
      all.flatMap((worker): readonly [string, WorkerSnapshot][] => {
        const status = workers[worker.name]
        return status === undefined ? [] : [[worker.name, { ...status, ...ownFields(worker) }]]
      }),
    )
  }

  /** Told to whoever connects, and to everybody after a change; those told in the same second get it twice. */
  #config(since: number | null, until: number): readonly ConfigValue[] | null {
    const values = this.#parts.values()
    if (this.#told?.values !== values) this.#told = { values, from: until }
    if (since !== null && since > this.#told.from) return null
    return [...values].map(([path, { value, origin }]) => ({ path, value, origin }))
  }
}

function ownFields(
  worker: SupervisedWorker,
): Pick<WorkerSnapshot, 'restart_reasons' | 'memory_bytes' | 'cpu_seconds' | 'replicas'> {
  return {
    restart_reasons: worker.restarts,
    memory_bytes: worker.usage?.memoryBytes ?? null,
    cpu_seconds: worker.usage?.cpuSeconds ?? null,
    replicas: worker.replicas.map(replicaSnapshot),
  }
}

function replicaSnapshot({ name, state, usage }: SupervisedWorker): ReplicaSnapshot {
  return {
    name,
    state: state.kind,
    pid: 'pid' in state ? state.pid : null,
    memory_bytes: usage?.memoryBytes ?? null,
    cpu_seconds: usage?.cpuSeconds ?? null,
  }
}

function routeSnapshot(route: RouteTraffic, from: number, until: number): RouteSnapshot {
  let requests = 0
  let errors = 0
  for (const { code, count } of route.requests()) {
    requests += count
    if (code >= 500) errors += count
  }
  const { bytes, inFlight, sockets, window } = route
  return {
    requests,
    errors,
    in_flight: inFlight,
    websockets: sockets.size,
    bytes_in: bytes.in,
    bytes_out: bytes.out,
    seconds: window.between(from, until),
  }
}

function socketSnapshots({ sockets }: RouteTraffic): readonly SocketSnapshot[] {
  return [...sockets].slice(-mostSockets).map((socket) => ({
    request_id: socket.id,
    route: socket.route,
    client: socket.client,
    opened_at: new Date(performance.timeOrigin + socket.startedAt).toISOString(),
    bytes_in: socket.bytesIn,
    bytes_out: socket.bytesOut,
  }))
}

function byOpening(one: SocketSnapshot, other: SocketSnapshot): number {
  return one.opened_at < other.opened_at ? -1 : 1
}
