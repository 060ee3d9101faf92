/** The answers the gateway gives itself: health, redirects, refusals. */

import { answered, type Exchange } from '../exchange/exchange.ts'
import { statusOf, type Failure, type FailureFormat } from '../fault/failure.ts'
import { renderFailure } from '../fault/page.ts'
import { dateLine } from '../http1/status-line.ts'
import type { Transaction } from '../http1/transaction.ts'

/** Refuses a request or a handshake: the failure goes into the record, its page to the client. */
export function refuse(exchange: Exchange, transaction: Transaction, reason: Failure): void {
  exchange.reason = reason.code
  exchange.cause = reason.cause ?? (reason.detail === undefined ? undefined : reason.detail)
  if (transaction.answering) return transaction.breakOff()
  answered(exchange, statusOf(reason.code))
  const { status, lines, body } = renderFailure(
    reason,
    formatFor(exchange, reason),
    exchange.id,
    exchange.pages,
  )
  const keep = transaction.requestComplete && exchange.kind === 'http' && !closesConnection(status)
  transaction.answer(status, dateLine() + exchange.ownLines + lines, body, keep)
}

/** Answers with a JSON body. */
export function answerJson(
  exchange: Exchange,
  transaction: Transaction,
  status: number,
  body: string,
  retryAfterS: number | null,
): void {
  answered(exchange, status)
  const again = retryAfterS === null ? '' : `Retry-After: ${retryAfterS}\r\n`
  const lines = `Content-Type: application/json\r\nCache-Control: no-store\r\nX-Request-ID: ${exchange.id}\r\n`
  transaction.answer(status, dateLine() + exchange.ownLines + lines + again, body)
}

/** Explains why a worker does not run; only in development. */
export function answerPage(exchange: Exchange, transaction: Transaction, html: string): void {
  exchange.reason = 'worker_down'
  answered(exchange, 503)
  const lines =
    'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nRetry-After: 2\r\n' +
    `X-Request-ID: ${exchange.id}\r\n`
  transaction.answer(503, dateLine() + exchange.ownLines + lines, html)
}

/** Sends the browser to where one signs in. @param lines further field lines: cookies */
export function answerSignIn(
  exchange: Exchange,
  transaction: Transaction,
  location: string,
  lines: string,
): void {
  answered(exchange, 302)
  exchange.reason = 'unauthenticated'
  const fields = `Location: ${location}\r\nCache-Control: no-store\r\nX-Request-ID: ${exchange.id}\r\n`
  transaction.answer(302, dateLine() + exchange.ownLines + fields + lines, '')
}

/** Answers as an endpoint or a rule of the gateway says. @param lines field lines but for the length */
export function answerGateway(
  exchange: Exchange,
  transaction: Transaction,
  status: number,
  lines: string,
  body: string | Buffer,
): void {
  answered(exchange, status)
  const keep = transaction.requestComplete && exchange.kind === 'http'
  const id = `X-Request-ID: ${exchange.id}\r\n`
  transaction.answer(status, dateLine() + exchange.ownLines + lines + id, body, keep)
}

/** Redirects with a status that keeps the method: 307 for now, 308 for good. */
export function answerRedirect(
  exchange: Exchange,
  transaction: Transaction,
  status: 307 | 308,
  location: string,
): void {
  answered(exchange, status)
  const lines = `Location: ${location}\r\nX-Request-ID: ${exchange.id}\r\n`
  transaction.answer(status, dateLine() + exchange.ownLines + lines, '')
}

/**
 * A page for people; a sentence for sockets and for Streamlit's own calls, which show the body of an error to the
 * person; otherwise JSON.
 */
function formatFor(exchange: Exchange, { format }: Failure): FailureFormat {
  if (exchange.kind === 'websocket') return format ?? 'text'
  if (exchange.path.includes('/_stcore/') && exchange.head?.isNavigation !== true)
    return ping.test(exchange.path) ? 'ping' : (format ?? 'text')
  return format ?? (exchange.head?.isNavigation === true ? 'html' : 'problem')
}

/** What a page of Streamlit asks before it connects. */
const ping = /\/_stcore\/(health|host-config)$/

/** After a request that could not be understood nothing more is read from the connection. */
function closesConnection(status: number): boolean {
  return (
    status === 400 ||
    status === 408 ||
    status === 413 ||
    status === 414 ||
    status === 417 ||
    status === 426 ||
    status === 431 ||
    status === 501 ||
    status === 505
  )
}
