/** Everything counted of one route, in plain cells: nothing is looked up by text and nothing allocated per request. */

import { Distribution, latencyBounds, socketBounds } from './distribution.ts'
import { methodIndex, methodLabels } from './method.ts'
import type { TrafficRecord } from './metrics.ts'
import { Window } from './window.ts'

/** Requests with one method and one status. */
export interface RequestCount {
  readonly method: string
  readonly code: number
  readonly count: number
}

/** Bytes of bodies and of WebSockets since the start. */
export interface ByteCount {
  readonly in: number
  readonly out: number
}

/** One more than the highest status. */
const statusCount = 600

/** The cells of one route. */
export class RouteTraffic {
  /** Requests on their way now, WebSockets not among them. */
  inFlight = 0
  readonly duration = new Distribution(latencyBounds)
  readonly ttfb = new Distribution(latencyBounds)
  readonly socketDuration = new Distribution(socketBounds)
  readonly window = new Window()
  /** WebSockets open now. */
  readonly sockets = new Set<TrafficRecord>()
  readonly #closed = new Map<string, number>()
  readonly #counts: (Float64Array | undefined)[] = methodLabels.map(() => undefined)
  #bytesIn = 0
  #bytesOut = 0

  /** A request has ended. @param now monotonic milliseconds */
  finished(record: TrafficRecord, now: number): void {
    const { method, startedAt, status, ttfbMs } = record
    const index = methodIndex(method)
    const counts = (this.#counts[index] ??= new Float64Array(statusCount))
    const code = status < statusCount ? status : 0
    counts[code] = (counts[code] ?? 0) + 1
    const bucket = this.duration.observe((now - startedAt) / 1_000)
    if (ttfbMs !== null) this.ttfb.observe(ttfbMs / 1_000)
    this.#bytesIn += record.bytesIn
    this.#bytesOut += record.bytesOut
    this.window.add(Math.floor((performance.timeOrigin + now) / 1_000), bucket, status >= 500)
  }

  /** A request has become a WebSocket. */
  opened(record: TrafficRecord, now: number): void {
    this.finished(record, now)
    this.sockets.add(record)
  }

  /** A WebSocket has ended; whatever it moved before it was one is counted already. */
  closed(record: TrafficRecord): void {
    this.sockets.delete(record)
    this.socketDuration.observe((record.endedAt - record.startedAt) / 1_000)
    const reason = closeReason(record.reason)
    this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1)
    this.#bytesIn += record.bytesIn
    this.#bytesOut += record.bytesOut
  }

  /** All counts above zero. */
  *requests(): Generator<RequestCount> {
    for (const [index, counts] of this.#counts.entries()) {
      for (const [code, count] of (counts ?? []).entries())
        if (count > 0) yield { method: methodLabels[index] ?? '_other', code, count }
    }
  }

  /** How WebSockets ended: `client`, `worker`, `drain` or `other`. */
  get closes(): ReadonlyMap<string, number> {
    return this.#closed
  }

  /** Those of open WebSockets included: they may stay open for days. */
  get bytes(): ByteCount {
    let bytesIn = this.#bytesIn
    let bytesOut = this.#bytesOut
    for (const socket of this.sockets) {
      bytesIn += socket.bytesIn
      bytesOut += socket.bytesOut
    }
    return { in: bytesIn, out: bytesOut }
  }
}

function closeReason(reason: string): string {
  if (reason === 'websocket_closed_by_client') return 'client'
  if (reason === 'websocket_closed_by_worker') return 'worker'
  if (reason === 'websocket_not_allowed') return 'auth'
  return reason === 'drain' ? 'drain' : 'other'
}
