/**
 * Whether a page of somebody else made the browser ask. A browser sends cookies, passwords it remembers and whatever a
 * proxy in front adds with every request, also with those that a foreign page starts; a bearer it does not.
 */

import type { AccessRequest } from './credential.ts'
import { isAmbient, type Identity } from './identity.ts'

/** Methods that change nothing (RFC 9110 9.2.1). */
const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Judges a request of somebody known. Of a session more is asked than of the others: only browsers have one, and
 * browsers say where a request comes from, while programs send a password too and say nothing.
 */
export function isForged(
  { exchange, head }: Pick<AccessRequest, 'exchange' | 'head'>,
  identity: Pick<Identity, 'via'>,
  isOwnOrigin: (origin: string, host: string) => boolean,
): boolean {
  if (!isAmbient(identity)) return false
  const { origin, fetch } = head
  const named = origin !== null && isOwnOrigin(origin, exchange.host)
  if (exchange.kind === 'websocket') return origin === null ? identity.via === 'oidc' : !named
  if (safe.has(head.method)) return false
  if (fetch.site === 'same-origin' || fetch.site === 'none') return false
  if (fetch.site !== null) return !named
  return origin === null ? identity.via === 'oidc' : !named
}

/**
 * Whether a page of somebody else made the browser read from an API. A link there takes the session along, and an API
 * that changes something when it is read would do so (`auth.api_require_same_origin_get`).
 */
export function isForeignRead(
  { exchange, head, worker }: Pick<AccessRequest, 'exchange' | 'head' | 'worker'>,
  identity: Pick<Identity, 'via'>,
  isOwnOrigin: (origin: string, host: string) => boolean,
): boolean {
  if (worker?.kind !== 'uvicorn' || exchange.kind === 'websocket' || !isAmbient(identity)) return false
  const { origin, fetch } = head
  if (head.method !== 'GET' && head.method !== 'HEAD') return false
  if (fetch.site === null || fetch.site === 'same-origin' || fetch.site === 'none') return false
  return origin === null || !isOwnOrigin(origin, exchange.host)
}
