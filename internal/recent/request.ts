/** One request that has ended, as it is remembered and as it is told. */

import type { Address } from '../config/config.ts'

/** What is remembered; the exchange has all of it. */
export interface RecentRecord {
  readonly id: string
  readonly kind: 'http' | 'websocket'
  readonly method: string
  readonly path: string
  readonly hasQuery: boolean
  readonly client: string
  readonly route: string
  readonly worker: string | null
  /** Of the worker's process it was last sent to; 0 = it was not. */
  readonly generation: number
  /** Where it was last sent. */
  readonly upstream: Address | null
  /** How often it was sent. */
  readonly attempts: number
  readonly status: number
  readonly reason: string
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  readonly ttfbMs: number | null
  readonly heldMs: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly cause: unknown
}

/** What is told. The field names are an interface; fields are added, never renamed. Free of secrets. */
export interface RecentRequest {
  readonly request_id: string
  readonly kind: 'http' | 'websocket'
  readonly method: string
  /** Without the query; cut when it is long. */
  readonly path: string
  readonly client: string
  readonly route: string
  readonly worker: string | null
  /** Null when it was sent to no process. */
  readonly generation: number | null
  /** `unix:/run/...` or `127.0.0.1:41234`. */
  readonly upstream: string | null
  readonly attempts: number
  readonly status: number
  /** `ok`, how a WebSocket ended, or the code of a failure. */
  readonly reason: string
  /** RFC 3339. */
  readonly started_at: string
  readonly ended_at: string
  readonly duration_ms: number
  readonly ttfb_ms: number | null
  readonly held_ms: number
  readonly bytes_in: number
  readonly bytes_out: number
  /** What the gateway met, in the words of the system or of the rule that refused it. */
  readonly error: string | null
}
