/**
 * CORS preflights (Fetch Standard 3.2.2) to addresses where somebody has to be known. They carry no credential, so none
 * reaches a worker: pages of the origins in `auth.allowed_origins` are told yes, all others nothing.
 */

import type { Preflight } from '../exchange/head.ts'
import type { AccessRequest } from './credential.ts'
import type { Decision } from './decision.ts'

/** How long browsers keep the answer, in seconds. */
const maxAgeS = 600

/** Answers one. */
export function answerPreflight(
  { exchange, head }: Pick<AccessRequest, 'exchange' | 'head'>,
  asked: Preflight,
  isOwnOrigin: (origin: string, host: string) => boolean,
): Decision {
  const vary = 'Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n'
  const { origin } = head
  if (origin === null || !isOwnOrigin(origin, exchange.host)) return { kind: 'preflight', lines: vary }
  const headers = asked.headers === null ? '' : `Access-Control-Allow-Headers: ${asked.headers}\r\n`
  const lines =
    `Access-Control-Allow-Origin: ${origin}\r\nAccess-Control-Allow-Credentials: true\r\n` +
    `Access-Control-Allow-Methods: ${asked.method}\r\n${headers}Access-Control-Max-Age: ${maxAgeS}\r\n`
  return { kind: 'preflight', lines: lines + vary }
}
