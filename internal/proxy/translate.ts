/** From the errors of sockets and undici to the gateway's own failures: one ordered list. */

import { failure, type Failure } from '../fault/failure.ts'

const byCode: ReadonlyMap<string, (cause: unknown) => Failure> = new Map([
  ['ECONNREFUSED', down],
  ['ENOENT', down],
  ['UND_ERR_CONNECT_TIMEOUT', (cause: unknown) => ({ ...failure('upstream_timeout'), cause })],
  ['UND_ERR_HEADERS_TIMEOUT', (cause: unknown) => ({ ...failure('upstream_timeout'), cause })],
  ['UND_ERR_BODY_TIMEOUT', (cause: unknown) => ({ ...failure('upstream_timeout'), cause })],
  ['UND_ERR_HEADERS_OVERFLOW', invalid],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', invalid],
  ['UND_ERR_DESTROYED', down],
  ['UND_ERR_CLOSED', down],
])

/** The failure that an error before the first byte of an answer stands for. Never throws. */
export function translateUpstreamError(error: unknown): Failure {
  const code = errorCode(error)
  const known = code === null ? undefined : byCode.get(code)
  if (known !== undefined) return known(error)
  if (code?.startsWith('HPE_') === true || isParserError(error)) return invalid(error)
  return { ...failure('upstream_failed'), cause: error }
}

/** Whether the connection was refused before any byte of the request was sent. */
export function wasNeverSent(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

function down(cause: unknown): Failure {
  return { ...failure('worker_down'), retryAfterS: 2, cause }
}

function invalid(cause: unknown): Failure {
  return { ...failure('upstream_invalid'), cause }
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/**
 * llhttp's complaints arrive as errors named HTTPParserError, some odd statuses as assertion errors, and 100 or
 * 101 to a request that asked for neither as broken sockets with a message.
 */
function isParserError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { name, message } = error
  return (
    name === 'HTTPParserError' ||
    name === 'AssertionError' ||
    message === 'bad response' ||
    message === 'bad upgrade'
  )
}
