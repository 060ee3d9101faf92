/** The counting {@link Metrics}. Series are bounded: routes and workers are names of the configuration, never a client's. */

import { failures } from '../fault/failure.ts'
import { PairCounts } from './pair-counts.ts'
import { RouteTraffic } from './route-traffic.ts'
import type { Metrics, TrafficRecord } from './metrics.ts'

/** Codes of failures that are no refusal: nobody was there to be answered, or an answer had begun. */
const notRefused: ReadonlySet<string> = new Set(['client_closed', 'upstream_truncated'])

/** Counts since the start of the process; a reload changes nothing about them. */
export class LiveMetrics implements Metrics {
  readonly #routes = new Map<string, RouteTraffic>()
  readonly #rejected = new Map<string, number>()
  /** By worker and reason. */
  readonly upstreamErrors = new PairCounts()
  readonly #retries = new Map<string, number>()

  /** By route, in the order in which they were first seen. */
  get routes(): ReadonlyMap<string, RouteTraffic> {
    return this.#routes
  }

  /** Refusals by the code of the failure. */
  get rejected(): ReadonlyMap<string, number> {
    return this.#rejected
  }

  /** By worker. */
  get retries(): ReadonlyMap<string, number> {
    return this.#retries
  }

  /** The cells of a route; made when there are none. */
  route(name: string): RouteTraffic {
    const known = this.#routes.get(name)
    if (known !== undefined) return known
    const fresh = new RouteTraffic()
    this.#routes.set(name, fresh)
    return fresh
  }

  entered(route: string): void {
    this.route(route).inFlight += 1
  }

  left(route: string): void {
    this.route(route).inFlight -= 1
  }

  opened(record: TrafficRecord): void {
    const route = this.route(record.route)
    route.inFlight -= 1
    route.opened(record, performance.now())
  }

  settled(record: TrafficRecord): void {
    const route = this.route(record.route)
    if (route.sockets.has(record)) return route.closed(record)
    // What found no route never entered one.
    if (record.route !== 'none') route.inFlight -= 1
    route.finished(record, record.endedAt)
    if (record.reason !== 'ok') this.#reject(record.reason)
  }

  upstreamFailed(worker: string, reason: string): void {
    this.upstreamErrors.add(worker, reason.replaceAll('-', '_'))
  }

  retried(worker: string): void {
    this.#retries.set(worker, (this.#retries.get(worker) ?? 0) + 1)
  }

  #reject(reason: string): void {
    if (!Object.hasOwn(failures, reason) || notRefused.has(reason)) return
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1)
  }
}
