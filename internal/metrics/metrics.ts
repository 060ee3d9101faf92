/**
 * What the request path tells about its work. The composition root hands in {@link noMetrics} where nobody may read
 * them, so that no stage has to ask whether they are on.
 */

/** What is counted of one request or one WebSocket; the exchange has all of it. */
export interface TrafficRecord {
  readonly id: string
  readonly kind: 'http' | 'websocket'
  readonly method: string
  /** Worker name, `internal`, `auth` or `none`. */
  readonly route: string
  readonly worker: string | null
  readonly client: string
  /** As sent; 499 when the client left before an answer. */
  readonly status: number
  /** `ok`, how a WebSocket ended, or the code of a failure. */
  readonly reason: string
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** The same; 0 while it goes on. */
  readonly endedAt: number
  readonly ttfbMs: number | null
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Takes what happens, from the request path; none of these throws. */
export interface Metrics {
  /** A request has found its route. */
  entered(route: string): void
  /** It goes on by another one, because the configuration has changed while it waited. */
  left(route: string): void
  /** A handshake was agreed to: the request is over, the WebSocket begins. `record` is read until it is settled. */
  opened(record: TrafficRecord): void
  /** The end of a request or a WebSocket. Exactly once for each. */
  settled(record: TrafficRecord): void
  /** A worker gave no answer, half of one, or one that is none. @param reason kind of the upstream error */
  upstreamFailed(worker: string, reason: string): void
  /** A request is sent once more. */
  retried(worker: string): void
}

/** Counts nothing. */
export const noMetrics: Metrics = {
  entered() {},
  left() {},
  opened() {},
  settled() {},
  upstreamFailed() {},
  retried() {},
}
