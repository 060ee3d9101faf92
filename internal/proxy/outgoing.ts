/**
 * The head a worker gets: what may travel on of the client's, then everything the gateway says itself. Ours
 * come last and are the only ones of their names, so a worker cannot see a client's version of them.
 */

import type { Exchange } from '../exchange/exchange.ts'
import type { Head } from '../exchange/head.ts'

/** What about a worker's route shows in its request heads; prepared at start. */
export interface OutgoingRules {
  /** Public path prefix in front of what the worker sees, for `X-Forwarded-Prefix`; `''` = none. */
  readonly prefix: string
  /**
   * Streamlit accepts a socket only if Origin names the Host, and otherwise looks its own external address up
   * on its event loop. The gateway has checked the origin, so the worker may be told it is its own.
   */
  readonly ownOrigin: boolean
}

/** Flat name, value list for the worker; `Host` first. Framing fields are the transport's to add. */
export function outgoingHead(exchange: Exchange, head: Head, rules: OutgoingRules): string[] {
  const { host, scheme } = exchange
  const out: string[] = ['Host', host]
  for (let i = 0; i < head.forward.length; i += 2) out.push(head.forward[i] ?? '', head.forward[i + 1] ?? '')
  if (rules.ownOrigin && head.origin !== null) ownOrigin(out, `${scheme}://${host}`)
  out.push(
    'X-Forwarded-For',
    exchange.client,
    'X-Forwarded-Proto',
    scheme,
    'X-Forwarded-Host',
    host,
    'X-Forwarded-Port',
    portOf(host, scheme),
    'X-Request-ID',
    exchange.id,
    'traceparent',
    exchange.traceparent,
    'Via',
    head.via === null ? '1.1 fluxlit' : `${head.via}, 1.1 fluxlit`,
  )
  if (exchange.tracestate !== null) out.push('tracestate', exchange.tracestate)
  if (rules.prefix !== '') out.push('X-Forwarded-Prefix', rules.prefix)
  return out
}

function ownOrigin(out: string[], origin: string): void {
  for (let i = 0; i < out.length; i += 2) if (out[i] === 'Origin') out[i + 1] = origin
}

function portOf(host: string, scheme: 'http' | 'https'): string {
  const colon = host.lastIndexOf(':')
  if (colon > host.lastIndexOf(']')) return host.slice(colon + 1)
  return scheme === 'https' ? '443' : '80'
}
