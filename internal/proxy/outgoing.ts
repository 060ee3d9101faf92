/**
 * The head a worker gets: what may travel on of the client's, and everything the gateway says itself. Ours are the
 * only ones of their names, so a worker cannot see a client's version of them.
 */

import type { Exchange, Passage } from '../exchange/exchange.ts'
import { hasBody, type Head } from '../exchange/head.ts'
import { noBody, type Framing } from '../http1/head.ts'
import type { OutgoingRequest } from '../http1/client-connection.ts'

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

/** The request as the worker gets it, framed as its body will be sent: with the client's length, or in chunks. */
export function outgoingRequest(
  exchange: Exchange,
  head: Head,
  rules: OutgoingRules,
  path: string,
): OutgoingRequest {
  const { method, framing } = head
  const upgrade = head.websocket !== null
  const lines = outgoingLines(exchange, head, rules)
  return {
    method,
    // An empty body that was announced stays announced: servers tell a length of 0 from no length at all.
    head: `${method} ${path} HTTP/1.1\r\n${lines}${upgrade ? upgradeLines : framingLine(framing)}\r\n`,
    framing: hasBody(head) ? framing : noBody,
    upgrade,
  }
}

const upgradeLines = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'

/** `Name: value` lines for the worker, `Host` first, without those about the connection and the framing. */
export function outgoingLines(exchange: Exchange, head: Head, rules: OutgoingRules): string {
  const origin = rules.ownOrigin && head.origin !== null ? `${exchange.scheme}://${exchange.host}` : null
  const changed = exchange.passage !== null || origin !== null
  let lines = exchange.forwardedLines + (changed ? changedLines(exchange, head, origin) : head.forwardLines)
  const via = head.via === null ? '' : `${head.via}, `
  lines += `X-Request-ID: ${exchange.id}\r\ntraceparent: ${exchange.traceparent}\r\nVia: ${via}1.1 fluxlit\r\n`
  if (exchange.passage !== null) lines += passageLines(exchange.passage)
  if (exchange.tracestate !== null) lines += `tracestate: ${exchange.tracestate}\r\n`
  return rules.prefix === '' ? lines : `${lines}X-Forwarded-Prefix: ${rules.prefix}\r\n`
}

/** What travels on, less the credentials that authorisation speaks about, and with another origin. */
function changedLines({ passage }: Exchange, { forward }: Head, origin: string | null): string {
  let lines = ''
  for (let i = 0; i < forward.length; i += 2) {
    const name = forward[i] ?? ''
    if (passage !== null && (name === 'Authorization' || name === 'Cookie')) continue
    lines += `${name}: ${origin !== null && name === 'Origin' ? origin : forward[i + 1]}\r\n`
  }
  return lines
}

/** Who asks, and what of the client's credentials goes on. */
function passageLines({ authorization, cookie, workerLines }: Passage): string {
  const credential = authorization === null ? '' : `Authorization: ${authorization}\r\n`
  return credential + (cookie === null ? '' : `Cookie: ${cookie}\r\n`) + workerLines
}

function framingLine(framing: Framing): string {
  if (framing.kind === 'length') return `Content-Length: ${framing.bytes}\r\n`
  return framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
}
