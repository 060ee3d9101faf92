/** Second stage: who asks, under which name and scheme, and the ids the request carries from here on. */

import { openExchange, type Exchange } from './exchange.ts'
import { HeadMemory, normaliseHost, type Head } from './head.ts'
import { clientAddress, type Peer, type TrustedPeers } from './peer.ts'
import { continueTrace, isAcceptableRequestId, type IdSource } from './request-id.ts'

/** What identification needs to know about the gateway: the same for all connections of a listener. */
export interface Neighbourhood {
  readonly ids: IdSource
  readonly trusts: TrustedPeers
  /** Scheme of the listener itself. */
  readonly scheme: 'http' | 'https'
  /** Host for HTTP/1.0 requests that name none. */
  readonly fallbackHost: string
}

/** What identification needs to know about the gateway and the connection. */
export interface Identification {
  readonly by: Neighbourhood
  readonly peer: Peer
  /** Of the heads that came over the connection. */
  readonly heads: HeadMemory
  /** The lines that tell a worker who asks, and how. */
  forwardedLines(client: string, scheme: 'http' | 'https', host: string): string
}

/** One connection's {@link Identification}: nearly all requests of a connection come from one client for one host. */
export class Caller implements Identification {
  readonly by: Neighbourhood
  readonly peer: Peer
  readonly heads = new HeadMemory()
  #client = ''
  #scheme = ''
  #host = ''
  #lines = ''

  constructor(by: Neighbourhood, peer: Peer) {
    this.by = by
    this.peer = peer
  }

  forwardedLines(client: string, scheme: 'http' | 'https', host: string): string {
    if (client === this.#client && scheme === this.#scheme && host === this.#host) return this.#lines
    this.#client = client
    this.#scheme = scheme
    this.#host = host
    this.#lines =
      `Host: ${host}\r\nX-Forwarded-For: ${client}\r\nX-Forwarded-Proto: ${scheme}\r\n` +
      `X-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${portOf(host, scheme)}\r\n`
    return this.#lines
  }
}

function portOf(host: string, scheme: 'http' | 'https'): string {
  const colon = host.lastIndexOf(':')
  if (colon > host.lastIndexOf(']')) return host.slice(colon + 1)
  return scheme === 'https' ? '443' : '80'
}

/** Opens the record for a head that passed the door. */
export function identify(head: Head, kind: 'http' | 'websocket', by: Identification): Exchange {
  const { claims } = head
  const { peer, by: gateway } = by
  const { keepsIds, trusted } = peer
  const kept = keepsIds && claims.requestId !== null && isAcceptableRequestId(claims.requestId)
  const trace = continueTrace(keepsIds ? claims.traceparent : null, gateway.ids)
  const mark = head.target.indexOf('?')
  const client = clientAddress(peer, claims.forwardedFor, gateway.trusts)
  const scheme = trusted ? (claimedScheme(claims.forwardedProto) ?? gateway.scheme) : gateway.scheme
  const host = (trusted ? claimedHost(claims.forwardedHost) : null) ?? head.host ?? gateway.fallbackHost
  return openExchange({
    id: kept ? (claims.requestId ?? '') : gateway.ids.requestId(),
    traceId: trace.traceId,
    traceparent: trace.traceparent,
    tracestate: keepsIds && trace.continued ? claims.tracestate : null,
    kind,
    head,
    method: head.method,
    path: mark === -1 ? head.target : head.target.slice(0, mark),
    hasQuery: mark !== -1,
    client,
    peer: peer.address,
    scheme,
    host,
    forwardedLines: by.forwardedLines(client, scheme, host),
  })
}

/** Opens the record for a head that was refused: only what cannot be wrong is taken from it. */
export function identifyRefused(
  request: { readonly method: string; readonly target: string } | null,
  by: Identification,
): Exchange {
  const trace = continueTrace(null, by.by.ids)
  const target = request?.target ?? ''
  return openExchange({
    id: by.by.ids.requestId(),
    traceId: trace.traceId,
    traceparent: trace.traceparent,
    tracestate: null,
    kind: 'http',
    head: null,
    method: request?.method ?? '',
    path: target.split('?', 1)[0]?.slice(0, 256) ?? '',
    hasQuery: target.includes('?'),
    client: by.peer.address,
    peer: by.peer.address,
    scheme: by.by.scheme,
    host: by.by.fallbackHost,
    forwardedLines: '',
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
