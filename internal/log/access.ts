/** The access line: one per request after its end, one per WebSocket when it closed. */

import type { LogFields, Logger } from './types.ts'

/** What the line is written from; the exchange has all of it. */
export interface AccessRecord {
  readonly id: string
  readonly traceId: string
  readonly kind: 'http' | 'websocket'
  readonly startedAt: number
  readonly method: string
  readonly path: string
  readonly hasQuery: boolean
  readonly client: string
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

/** An {@link AccessLog} over a logger; one that does nothing when access lines are off. */
export function createAccessLog(logger: Logger, enabled: boolean): AccessLog {
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
    if (enabled && logger.isEnabled('info')) logger.info(accessFields(record), 'request')
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
    duration_ms: round(performance.now() - record.startedAt),
    ttfb_ms: record.ttfbMs === null ? null : round(record.ttfbMs),
    bytes_in: record.bytesIn,
    bytes_out: record.bytesOut,
    client: record.client,
    reason: record.reason,
    ...(record.kind === 'websocket' ? { websocket: true } : {}),
    ...(record.heldMs > 0 ? { held_ms: round(record.heldMs) } : {}),
  }
}

/** Query values are other people's data, tokens among them; so is who the client claims to be before an `@`. */
function pathText({ path, hasQuery }: AccessRecord): string {
  const shown = path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1[redacted]@')
  return hasQuery ? `${shown}?[redacted]` : shown
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return `${cause.message}${code}`
}
