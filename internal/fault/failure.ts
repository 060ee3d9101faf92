/**
 * What can go wrong with one request, as values: every refusal has a stable code, a status, a title and a
 * public sentence. A stage records the failure, `page.ts` renders it once.
 */

/** Status, title and default public sentence of every code. docs/errors.md is held to this table by a test. */
export const failures = {
  bad_request: [400, 'Bad request', 'The request is not valid HTTP.'],
  bad_target: [400, 'Bad request target', 'The request target is not a path this server accepts.'],
  ambiguous_path: [400, 'Ambiguous path', 'The path can be read in two ways that lead to different places.'],
  bad_host: [400, 'Bad Host', 'The Host header is missing, repeated or not a valid host.'],
  bad_header: [400, 'Bad header', 'A header is repeated or not allowed here.'],
  bad_upgrade: [400, 'Bad WebSocket handshake', 'The WebSocket handshake is not valid.'],
  token_in_query: [
    400,
    'Token in the address',
    'A token belongs into the Authorization header, not into the address.',
  ],
  unauthenticated: [401, 'Sign-in needed', 'Sign in to see this.'],
  invalid_token: [401, 'Token not accepted', 'The token is not accepted here.'],
  forbidden: [403, 'Not allowed', 'You are signed in, but not allowed to see this.'],
  insufficient_scope: [403, 'Not allowed', 'The token does not carry the scope that this needs.'],
  no_access_token: [403, 'No access token', 'There is no access token of yours at the identity provider.'],
  cross_site: [403, 'Request from another site', 'A page of another site may not do this in your name.'],
  bad_origin: [403, 'Origin not allowed', 'This page may not open a WebSocket here.'],
  route_not_found: [404, 'Not found', 'Nothing is served at this address.'],
  file_not_found: [404, 'Not found', 'There is no such file.'],
  not_public: [404, 'Not found', 'This address is not available from outside.'],
  method_not_allowed: [405, 'Method not allowed', 'This method is not allowed here.'],
  request_timeout: [408, 'Request timeout', 'The request did not arrive in time.'],
  precondition_failed: [412, 'Precondition failed', 'The file is not the one the request asks for.'],
  body_too_large: [413, 'Body too large', 'The request body is larger than this server accepts.'],
  target_too_long: [414, 'Request target too long', 'The request target is longer than this server accepts.'],
  range_not_satisfiable: [416, 'Range not satisfiable', 'The file does not have the requested range.'],
  expectation_failed: [417, 'Expectation failed', 'Only "Expect: 100-continue" is understood.'],
  misdirected_host: [421, 'Misdirected request', 'This server does not answer for that host.'],
  websocket_version: [426, 'WebSocket version', 'Only WebSocket version 13 is understood.'],
  too_many_requests: [429, 'Too many requests', 'You are asking faster than is allowed here.'],
  header_too_large: [431, 'Headers too large', 'The request headers are larger than this server accepts.'],
  client_closed: [499, 'Client closed request', 'The client went away before the answer was complete.'],
  internal: [500, 'Internal error', 'Something went wrong inside the gateway.'],
  method_not_implemented: [501, 'Method not implemented', 'This method is not implemented.'],
  transfer_not_implemented: [
    501,
    'Transfer coding not implemented',
    'Only the transfer coding "chunked" is understood.',
  ],
  upstream_failed: [502, 'Bad gateway', 'The application ended the connection before it answered.'],
  upstream_invalid: [502, 'Bad gateway', 'The application gave an answer that is not valid HTTP.'],
  upstream_truncated: [
    502,
    'Bad gateway',
    'The application ended the connection in the middle of its answer.',
  ],
  auth_unavailable: [503, 'Sign-in unavailable', 'Who you are cannot be checked at the moment.'],
  worker_starting: [503, 'Starting', 'The application is starting.'],
  worker_down: [503, 'Unavailable', 'The application is not running at the moment.'],
  worker_busy: [503, 'Busy', 'The application has as many requests as it may have at the same time.'],
  too_many_connections: [503, 'Busy', 'As many connections are open as may be at the same time.'],
  too_many_sockets: [503, 'Busy', 'As many WebSockets are open as may be at the same time.'],
  maintenance: [503, 'Maintenance', 'This application is being worked on.'],
  draining: [503, 'Shutting down', 'This server is shutting down.'],
  upstream_timeout: [504, 'Gateway timeout', 'The application did not answer in time.'],
  http_version: [505, 'HTTP version not supported', 'Only HTTP/1.0 and HTTP/1.1 are understood.'],
} as const satisfies Record<string, readonly [number, string, string]>

/**
 * `html` for navigations, `text` for upgrades and Streamlit's own calls, `problem` (RFC 9457) for the rest. `ping` is a
 * sentence for a page of Streamlit that asks whether it may connect again, and shows what it is told: a JSON string,
 * because it tries to read JSON first and has nothing left to show of anything else.
 */
export type FailureFormat = 'html' | 'text' | 'ping' | 'problem'

/** Stable identifier of a refusal, in answers (`code`), in the access line (`reason`) and in the docs. */
export type FailureCode = keyof typeof failures

/** One request's failure. */
export interface Failure {
  readonly code: FailureCode
  /** Public sentence for this case; the code's own when absent. Never holds worker output or secrets. */
  readonly detail?: string
  /** Seconds for `Retry-After`. */
  readonly retryAfterS?: number
  /** Further `Name: value\r\n` lines of the answer. */
  readonly lines?: string
  /** How it is shown where the request itself would say otherwise. */
  readonly format?: FailureFormat
  /** For the log only. */
  readonly cause?: unknown
}

/** Builds a {@link Failure}. */
export function failure(code: FailureCode, detail?: string): Failure {
  return detail === undefined ? { code } : { code, detail }
}

/** HTTP status of a code. */
export function statusOf(code: FailureCode): number {
  return failures[code][0]
}

/** Narrowing for functions that return a value or a {@link Failure}. */
export function isFailure(value: object): value is Failure {
  return 'code' in value && typeof value.code === 'string' && value.code in failures
}
