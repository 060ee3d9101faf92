/** The answers the gateway gives itself: health, redirects, refusals. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answered, type Exchange } from '../exchange/exchange.ts'
import { statusOf, type Failure } from '../fault/failure.ts'
import { renderFailure, renderFailureBytes, type FailureFormat } from '../fault/page.ts'
import { lingerThenDestroy, lingerThenEnd } from '../proxy/linger.ts'

/** Refuses a request: the failure goes into the record, its page to the client. */
export function refuse(exchange: Exchange, response: ServerResponse, reason: Failure): void {
  note(exchange, reason)
  if (response.headersSent || response.destroyed) return void response.destroy()
  const page = renderFailure(reason, formatFor(exchange), exchange.id)
  const unread = !response.req.complete && announcesBody(response.req)
  const end = unread || closesConnection(page.status) ? ['Connection', 'close'] : []
  response.writeHead(page.status, [...page.headers, ...end])
  answered(exchange, page.status)
  exchange.bytesOut = Buffer.byteLength(page.body)
  if (!unread) return void response.end(page.body)
  // The answer leaves now; the connection ends when the client has stopped sending.
  response.write(page.body)
  lingerThenEnd(response.req, response)
}

/** Refuses a handshake on its bare socket. */
export function refuseSocket(exchange: Exchange, socket: Socket, reason: Failure): void {
  note(exchange, reason)
  if (socket.destroyed) return
  answered(exchange, statusOf(reason.code))
  socket.end(renderFailureBytes(reason, 'text', exchange.id))
  lingerThenDestroy(socket)
}

/** Answers with a JSON body. */
export function answerJson(
  exchange: Exchange,
  response: ServerResponse,
  status: number,
  body: string,
  retryAfterS: number | null,
): void {
  answered(exchange, status)
  exchange.bytesOut = Buffer.byteLength(body)
  response.writeHead(status, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(exchange.bytesOut),
    'Cache-Control',
    'no-store',
    'X-Request-ID',
    exchange.id,
    ...(retryAfterS === null ? [] : ['Retry-After', String(retryAfterS)]),
  ])
  response.end(body)
}

/** Explains why a worker does not run; only in development. */
export function answerPage(exchange: Exchange, response: ServerResponse, html: string): void {
  exchange.reason = 'worker_down'
  answered(exchange, 503)
  exchange.bytesOut = Buffer.byteLength(html)
  response.writeHead(503, [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    String(exchange.bytesOut),
    'Cache-Control',
    'no-store',
    'Retry-After',
    '2',
    'X-Request-ID',
    exchange.id,
  ])
  response.end(html)
}

/** Redirects with 307, which keeps the method. */
export function answerRedirect(exchange: Exchange, response: ServerResponse, location: string): void {
  answered(exchange, 307)
  response.writeHead(307, ['Location', location, 'Content-Length', '0', 'X-Request-ID', exchange.id])
  response.end()
}

/** While a request is handed over, Node has not yet seen that it ends with its head. */
function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function note(exchange: Exchange, reason: Failure): void {
  exchange.reason = reason.code
  exchange.cause = reason.cause
  exchange.status = statusOf(reason.code)
}

/** Streamlit's own calls show the body of an error to the person: it must be a sentence, not JSON. */
function formatFor(exchange: Exchange): FailureFormat {
  if (exchange.head?.isNavigation === true) return 'html'
  return exchange.path.includes('/_stcore/') ? 'text' : 'problem'
}

/** After a request that could not be understood nothing more is read from the connection. */
function closesConnection(status: number): boolean {
  return (
    status === 400 ||
    status === 408 ||
    status === 413 ||
    status === 414 ||
    status === 417 ||
    status === 431 ||
    status === 501 ||
    status === 505
  )
}
