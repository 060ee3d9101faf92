/** What operators see of a gateway: its metrics, and the listeners they ask. */

import { hostname } from 'node:os'
import type { AccessRules } from '../../admin/access.ts'
import type { AdminServer } from '../../admin/admin-server.ts'
import {
  healthEndpoint,
  jsonEndpoint,
  metricsEndpoint,
  whyEndpoint,
  type Endpoint,
} from '../../admin/endpoint.ts'
import { EventStream } from '../../admin/event-stream.ts'
import { pageEndpoint } from '../../admin/page-endpoint.ts'
import { mostFailures, type Versions } from '../../admin/snapshot.ts'
import type { RecentTraffic, StatusReport } from '../../admin/status.ts'
import type { Config, HostPort } from '../../config/config.ts'
import type { ReportValues } from '../../config/context.ts'
import { isLoopback } from '../../config/network.ts'
import { compileTrustedPeers, identifyPeer } from '../../exchange/peer.ts'
import type { HealthView } from '../../health/health.ts'
import type { Logger } from '../../log/types.ts'
import { Exposition } from '../../metrics/exposition.ts'
import { LagMeter } from '../../metrics/lag.ts'
import { AuthCounts } from '../../metrics/auth-counts.ts'
import { LiveMetrics } from '../../metrics/live-metrics.ts'
import { noMetrics, type Metrics } from '../../metrics/metrics.ts'
import type { MetricsSources, ReloadReading } from '../../metrics/sources.ts'
import { noRecent, RecentRequests, type Recent } from '../../recent/recent.ts'
import { Tracebacks } from '../../recent/tracebacks.ts'
import { why, type WhyReport } from '../../recent/why.ts'
import type { RuntimeDir } from '../../worker/runtime-dir.ts'
import { peerAccount } from '../../host/peer-account.ts'
import { workerAccounts } from '../exposed-secrets.ts'
import { backendsOf, type Fleet } from '../fleet.ts'
import { openAdmin, openAt } from './places.ts'
import { heldRequests, routesOf, ruleOf, workerEvents, scrapeTargets, workerReadings } from './readings.ts'
import { SnapshotMaker } from './snapshot.ts'

/** What is asked of the gateway, always of the configuration in force. */
export interface OperatorsParts {
  readonly config: Config
  readonly runtime: RuntimeDir
  /** Text of the status page. */
  readonly page: () => string
  readonly logger: Logger
  readonly versions: Versions
  readonly fleet: () => Fleet
  readonly health: () => HealthView
  readonly status: () => StatusReport
  /** Whether clients of a worker are told that it is worked on. */
  readonly maintenance: (worker: string) => boolean
  /** Milliseconds since 1970; null without TLS. */
  readonly certificateExpiresAt: () => number | null
  readonly logDropped: () => number
  /** Another object after every reload. */
  readonly values: () => ReportValues
}

/** Counts from the start on; listens from {@link Operators.open} on. */
export class Operators {
  /** What the request path tells its work to. */
  readonly metrics: Metrics
  readonly recent: Recent
  /** What signing in tells its work to. */
  readonly auth = new AuthCounts()
  readonly #requests: RecentRequests | null
  readonly #tracebacks = new Tracebacks()
  readonly #parts: OperatorsParts
  readonly #live: { readonly traffic: LiveMetrics; readonly lag: LagMeter } | null
  readonly #servers: AdminServer[] = []
  #events: EventStream | null = null
  #reload: ReloadReading = { succeeded: true, at: Date.now() }

  constructor(parts: OperatorsParts) {
    const { admin, metrics } = parts.config
    this.#parts = parts
    // Where nobody can ask nothing is counted.
    const isOn = admin.listen !== null || metrics.listen !== null
    this.#live = isOn ? { traffic: new LiveMetrics(), lag: new LagMeter() } : null
    this.metrics = this.#live?.traffic ?? noMetrics
    const { recent } = parts.config.log
    this.#requests = recent === 0 ? null : new RecentRequests(recent)
    this.recent = this.#requests ?? noRecent
  }

  /** The last whole minute of a route; null when nothing ended in it, and where nothing is counted. */
  traffic(route: string): RecentTraffic | null {
    const until = Math.floor((performance.timeOrigin + performance.now()) / 1000)
    const sum = this.#live?.traffic.routes.get(route)?.window.sum(until - minute, until)
    if (sum === undefined || sum.requests === 0) return null
    const { requests, errors, ...latency } = sum
    return { requests_per_s: perSecond(requests), errors_per_s: perSecond(errors), ...latency }
  }

  /** Binds what the configuration names. @throws StartupError (1) when an address is taken */
  async open(): Promise<void> {
    if (this.#live === null) return
    const { config, logger, runtime } = this.#parts
    const { admin, metrics, stateDir } = config
    const parts = { ...this.#live, auth: this.auth, sources: this.#sources() }
    const exposition = new Exposition(parts)
    const read = metricsEndpoint((accept) => exposition.read(accept))
    const maker = new SnapshotMaker({
      ...this.#parts,
      ...parts,
      failures: () => this.#requests?.latestFailures(mostFailures) ?? [],
    })
    this.#events = new EventStream((since) => maker.make(since))
    const all = { ...this.#endpoints(this.#events), '/metrics': read }
    const endpoints = { '/': pageEndpoint(this.#parts.page), ...all }
    const server = await openAdmin(
      admin,
      { stateDir, runtime },
      { endpoints, rules: this.#adminRules(), logger },
    )
    if (server !== null) this.#serve(server, 'status and metrics')
    if (metrics.listen === null) return
    const few = { '/metrics': read, '/livez': healthEndpoint('livez', this.#parts.health) }
    const rules = metricsRules(metrics.listen)
    const alone = { endpoints: few, rules: () => rules, logger }
    this.#serve(await openAt(metrics.listen, 'metrics.listen', metrics.where, alone), 'metrics')
  }

  /** Takes what a worker wrote. */
  heard(event: { readonly worker: string; readonly text: string }): void {
    if (this.#requests !== null) this.#tracebacks.heard(event)
  }

  /** What became of a request. */
  why(id: string): WhyReport {
    const recent = this.#requests
    const size = this.#parts.config.log.recent
    if (recent === null) return { kind: 'unknown', request_id: id, reach: nothing, size }
    const { fleet } = this.#parts
    return why(id, {
      recent,
      size,
      tracebacks: this.#tracebacks,
      open: () => [...(this.#live?.traffic.routes.values() ?? [])].flatMap(({ sockets }) => [...sockets]),
      rule: (worker) => ruleOf(fleet(), worker),
      events: (worker) => workerEvents(fleet(), worker),
    })
  }

  /** How a change of configuration went. */
  reloaded(succeeded: boolean): void {
    this.#reload = { succeeded, at: succeeded ? Date.now() : this.#reload.at }
  }

  /** The state of a worker is another one. */
  changed(): void {
    this.#events?.changed()
  }

  /** Ends the listeners and the counting of time. Idempotent. */
  async close(): Promise<void> {
    this.#live?.lag.close()
    await Promise.all(this.#servers.map((server) => server.close()))
  }

  #serve(server: AdminServer, what: string): void {
    this.#servers.push(server)
    this.#parts.logger.info({ url: server.url }, what)
  }

  #endpoints(events: EventStream): Readonly<Record<string, Endpoint>> {
    const { health, status } = this.#parts
    return {
      '/livez': healthEndpoint('livez', health),
      '/readyz': healthEndpoint('readyz', health),
      '/healthz': healthEndpoint('healthz', health),
      '/status': jsonEndpoint(status),
      '/why': whyEndpoint((id) => this.why(id)),
      '/events': events,
    }
  }

  #sources(): MetricsSources {
    const { certificateExpiresAt, fleet, logDropped, maintenance, versions } = this.#parts
    return {
      build: { version: versions.fluxlit, commit: versions.commit, node: versions.node },
      routes: () => routesOf(fleet()),
      workers: () => workerReadings(fleet()),
      maintenance: () => backendsOf(fleet()).map(({ config }) => [config.name, maintenance(config.name)]),
      held: () => heldRequests(fleet()),
      logDropped,
      reload: () => this.#reload,
      certificateExpiresAt,
      scrapeTargets: () => scrapeTargets(fleet()),
    }
  }

  /** Made once per configuration: a reload may change the password and who is allowed. */
  #adminRules(): () => AccessRules {
    let made: { readonly config: Config; readonly rules: AccessRules } | null = null
    return () => {
      const { config } = this.#parts.fleet()
      if (made?.config !== config) made = { config, rules: adminRules(config) }
      return made.rules
    }
  }
}

function adminRules(config: Config): AccessRules {
  const { allow, listen, password } = config.admin
  const trusts = compileTrustedPeers(allow)
  const accounts = workerAccounts(config)
  return {
    admits: allow.length === 0 ? () => true : (socket) => identifyPeer(socket, trusts, false).trusted,
    isWorker:
      password !== null || accounts.size === 0
        ? () => false
        : (socket) => accounts.has(peerAccount(socket) ?? -1),
    // A browser sends a password only to the name it was given for.
    names: password === null ? namesOf(listen) : null,
    password,
  }
}

/** Metrics alone hold no secret; on an address for others whoever reaches it may read them. */
function metricsRules(listen: HostPort): AccessRules {
  const names = isLoopback(listen.host) ? namesOf(listen) : null
  return { admits: () => true, isWorker: () => false, names, password: null }
}

function namesOf(listen: HostPort | null): ReadonlySet<string> {
  return new Set([hostname().toLowerCase(), ...(listen === null ? [] : [listen.host.toLowerCase()])])
}

const nothing = { failed: null, refused: null, answered: null } as const

/** Seconds. */
const minute = 60

function perSecond(count: number): number {
  return Math.round((count / minute) * 100) / 100
}
