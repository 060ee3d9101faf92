/** The access line: one per request after its end, one per WebSocket when it closed. */

import { AccessLines, pathText, rounded } from './access-line.ts'
import type { LogFields, Logger } from './types.ts'

/** What the line is written from; the exchange has all of it. */
export interface AccessRecord {
  readonly id: string
  readonly traceId: string
  readonly kind: 'http' | 'websocket'
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  readonly method: string
  readonly path: string
  readonly hasQuery: boolean
  readonly client: string
  /** Who asks, as far as it is to be told; null = nobody who is known. */
  readonly user: string | null
  readonly route: string
  readonly worker: string | null
  readonly status: number
  readonly reason: string
  readonly ttfbMs: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heldMs: number
  readonly cause: unknown
}

/** Writes access lines. */
export type AccessLog = (record: AccessRecord) => void

/**
 * An {@link AccessLog} over a logger; one that only tells failures when access lines are off.
 * @param except routes that have none
 */
export function createAccessLog(logger: Logger, enabled: boolean, except: readonly string[] = []): AccessLog {
  const written = enabled && logger.isEnabled('info')
  const lines = new AccessLines()
  const silent = new Set(except)
  return (record) => {
    const failed = record.status >= 500 && record.reason !== 'ok'
    if (failed && record.cause !== undefined) {
      logger.warn(
        {
          request_id: record.id,
          worker: record.worker,
          reason: record.reason,
          error: causeText(record.cause),
        },
        'request failed',
      )
    }
    if (!written || (silent.size > 0 && silent.has(record.route))) return
    if (logger.json === undefined) logger.info(accessFields(record), 'request')
    else logger.json.writeSoon(lines.line(record, Date.now()))
  }
}

function accessFields(record: AccessRecord): LogFields {
  return {
    request_id: record.id,
    trace_id: record.traceId,
    method: record.method,
    path: pathText(record),
    route: record.route,
    worker: record.worker,
    status: record.status,
    duration_ms: rounded(record.endedAt - record.startedAt),
    ttfb_ms: record.ttfbMs === null ? null : rounded(record.ttfbMs),
    bytes_in: record.bytesIn,
    bytes_out: record.bytesOut,
    client: record.client,
    ...(record.user === null ? {} : { user: record.user }),
    reason: record.reason,
    ...(record.kind === 'websocket' ? { websocket: true } : {}),
    ...(record.heldMs > 0 ? { held_ms: rounded(record.heldMs) } : {}),
  }
}

/** Why something failed, in the words of the system. */
export function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return `${cause.message}${code}`
}
