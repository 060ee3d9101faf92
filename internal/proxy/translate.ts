/** From what went wrong with a worker to the gateway's own failures: one ordered list. */

import { failure, type Failure, type FailureCode } from '../fault/failure.ts'
import { UpstreamError, type UpstreamErrorKind } from '../http1/client-connection.ts'

const codes: Readonly<Record<UpstreamErrorKind, FailureCode>> = {
  refused: 'worker_down',
  'connect-timeout': 'upstream_timeout',
  'head-timeout': 'upstream_timeout',
  'idle-timeout': 'upstream_timeout',
  invalid: 'upstream_invalid',
  closed: 'upstream_failed',
  truncated: 'upstream_truncated',
}

/** The failure that an error before the first byte of an answer stands for. */
export function translateUpstreamError(error: UpstreamError): Failure {
  const code = codes[error.kind]
  return { ...failure(code), ...(code === 'worker_down' ? { retryAfterS: 2 } : {}), cause: error }
}

/** Whether the connection was refused before any byte of the request was sent. */
export function wasNeverSent(error: unknown): boolean {
  return error instanceof UpstreamError && (error.kind === 'refused' || error.kind === 'connect-timeout')
}
