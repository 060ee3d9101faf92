/** Identifiers of one request: our own id and the W3C trace context. */

import { randomFillSync } from 'node:crypto'

/** Makes identifiers. One per process: ids are unique across restarts and cannot be guessed. */
export interface IdSource {
  /** A new request id, `[A-Za-z0-9-]`, under 32 characters. */
  requestId(): string
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string
}

const acceptable = /^[A-Za-z0-9._-]{1,64}$/
const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Whether an id sent by a trusted peer may be kept. */
export function isAcceptableRequestId(value: string): boolean {
  return acceptable.test(value)
}

/** An {@link IdSource} over a pool of random bytes: no request pays for a system call, or for turning bytes into text. */
export function createIdSource(): IdSource {
  const bytes = Buffer.alloc(4096)
  let pool = ''
  let used = 0
  const hex = (size: number): string => {
    if (used + size * 2 > pool.length) {
      pool = randomFillSync(bytes).toString('hex')
      used = 0
    }
    used += size * 2
    return pool.slice(used - size * 2, used)
  }
  const prefix = hex(6)
  let count = 0
  return {
    requestId: () => `${prefix}-${hex(3)}${(count++).toString(36)}`,
    hex,
  }
}

/** Trace context to send on: `traceparent` (W3C Trace Context 1, version 00) and the trace id for the log. */
export interface Trace {
  readonly traceId: string
  readonly traceparent: string
  /** Whether it is the client's own trace. */
  readonly continued: boolean
}

/**
 * Continues a trace when `incoming` is well formed, otherwise starts one. Version 00 only: a value of another
 * version or of all zeros is treated as absent (W3C Trace Context 3.2.2).
 */
export function continueTrace(incoming: string | null, ids: IdSource): Trace {
  const match = incoming === null ? null : traceparentForm.exec(incoming)
  const usable = match !== null && !/^0+$/.test(match[1] ?? '') && !/^0+$/.test(match[2] ?? '')
  const traceId = usable ? (match[1] ?? '') : ids.hex(16)
  const flags = usable ? (match[3] ?? '00') : '00'
  return { traceId, traceparent: `00-${traceId}-${ids.hex(8)}-${flags}`, continued: usable }
}
