/** Second stage: who asks, under which name and scheme, and the ids the request carries from here on. */

import { openExchange, type Exchange } from './exchange.ts'
import { normaliseHost, type Head } from './head.ts'
import { clientAddress, type Peer, type TrustedPeers } from './peer.ts'
import { continueTrace, isAcceptableRequestId, type IdSource } from './request-id.ts'

/** What identification needs to know about the gateway and the connection. */
export interface Identification {
  readonly ids: IdSource
  readonly trusts: TrustedPeers
  readonly peer: Peer
  /** Scheme of the listener itself. */
  readonly scheme: 'http' | 'https'
  /** Host for HTTP/1.0 requests that name none. */
  readonly fallbackHost: string
}

/** Opens the record for a head that passed the door. */
export function identify(head: Head, kind: 'http' | 'websocket', by: Identification): Exchange {
  const { claims } = head
  const trusted = by.peer.trusted
  const { keepsIds } = by.peer
  const kept = keepsIds && claims.requestId !== null && isAcceptableRequestId(claims.requestId)
  const trace = continueTrace(keepsIds ? claims.traceparent : null, by.ids)
  const mark = head.target.indexOf('?')
  return openExchange({
    id: kept ? (claims.requestId ?? '') : by.ids.requestId(),
    traceId: trace.traceId,
    traceparent: trace.traceparent,
    tracestate: keepsIds && trace.continued ? claims.tracestate : null,
    kind,
    head,
    method: head.method,
    path: mark === -1 ? head.target : head.target.slice(0, mark),
    hasQuery: mark !== -1,
    client: clientAddress(by.peer, claims.forwardedFor, by.trusts),
    scheme: trusted ? (claimedScheme(claims.forwardedProto) ?? by.scheme) : by.scheme,
    host: (trusted ? claimedHost(claims.forwardedHost) : null) ?? head.host ?? by.fallbackHost,
  })
}

/** Opens the record for a head that was refused: only what cannot be wrong is taken from it. */
export function identifyRefused(
  request: { readonly method: string; readonly target: string } | null,
  by: Identification,
): Exchange {
  const trace = continueTrace(null, by.ids)
  const target = request?.target ?? ''
  return openExchange({
    id: by.ids.requestId(),
    traceId: trace.traceId,
    traceparent: trace.traceparent,
    tracestate: null,
    kind: 'http',
    head: null,
    method: request?.method ?? '',
    path: target.split('?', 1)[0]?.slice(0, 256) ?? '',
    hasQuery: target.includes('?'),
    client: by.peer.address,
    scheme: by.scheme,
    host: by.fallbackHost,
  })
}

/** The last entry: the one the nearest trusted proxy wrote. */
function lastEntry(list: string | null): string | null {
  return list === null ? null : (list.split(',').at(-1)?.trim() ?? null)
}

function claimedScheme(list: string | null): 'http' | 'https' | null {
  const scheme = lastEntry(list)?.toLowerCase()
  if (scheme === 'wss') return 'https'
  if (scheme === 'ws') return 'http'
  return scheme === 'http' || scheme === 'https' ? scheme : null
}

function claimedHost(list: string | null): string | null {
  const host = lastEntry(list)
  return host === null || host === '' ? null : normaliseHost(host)
}
