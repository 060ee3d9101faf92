/** The head a client gets: a worker's answer without the fields of its own connection, with our request id. */

import type { Passage } from '../exchange/exchange.ts'
import { NameTable } from '../exchange/name-table.ts'
import { isPerHop } from '../exchange/names.ts'
import { isOwnCookie, passageLines } from '../exchange/passage.ts'
import type { AnswerHead } from '../http1/head.ts'
import { dateLine } from '../http1/status-line.ts'
import { dropped, type RouteHeaders, type Scheme } from './response-headers.ts'

/** What the relay must know about an answer besides its fields. */
export interface IncomingHead {
  /** `Name: value\r\n` lines for the client. */
  readonly lines: string
  /** Lower-case media type without parameters, `''` when none is given. */
  readonly mediaType: string
}

type Treatment =
  | 'forward'
  | 'drop'
  | 'content-type'
  | 'content-length'
  | 'buffering'
  | 'date'
  | 'set-cookie'
  | 'cache-control'

const treatments = new NameTable<Treatment>((name) => {
  if (isPerHop(name) || name === 'x-request-id') return 'drop'
  if (name === 'content-type' || name === 'content-length' || name === 'date') return name
  if (name === 'set-cookie' || name === 'cache-control') return name
  return name === 'x-accel-buffering' ? 'buffering' : 'forward'
})

/**
 * Filters the fields of a worker's answer. Per-hop fields and those named by the worker's `Connection` are dropped
 * (RFC 9110 7.6.1), the order and repetition of the others is kept: three `Set-Cookie` stay three. What the route says
 * about browsers' protections is added.
 */
export function incomingHead(
  head: AnswerHead,
  requestId: string,
  rules: RouteHeaders,
  scheme: Scheme,
  passage: Passage | null = null,
): IncomingHead {
  const filtered = passage === null ? sameAgain(head, rules, scheme) : filter(head, rules, scheme, passage)
  return { lines: `${filtered.lines}X-Request-ID: ${requestId}\r\n`, mediaType: filtered.mediaType }
}

function sameAgain(answer: AnswerHead, rules: RouteHeaders, scheme: Scheme): IncomingHead {
  const { last } = rules
  if (last !== null && last.answer === answer && last.scheme === scheme) return last
  const filtered = filter(answer, rules, scheme, null)
  // Without a date of its own it got the one of this second.
  if (filtered.dated) rules.last = { answer, scheme, lines: filtered.lines, mediaType: filtered.mediaType }
  return filtered
}

function filter(
  head: AnswerHead,
  rules: RouteHeaders,
  scheme: Scheme,
  passage: Passage | null,
): IncomingHead & { readonly dated: boolean } {
  const { fields } = head
  const nominated = head.connection.length > 0 ? head.connection : null
  let lines = ''
  let mediaType = ''
  let bufferingSaid = false
  let dated = false
  let cached = false
  let said = 0
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const treatment = treatments.get(name)
    // The length frames the answer: a worker cannot take it away from us and keep the connection.
    const isNominated = treatment !== 'content-length' && nominated?.includes(name.toLowerCase()) === true
    if (treatment === 'drop' || isNominated) continue
    const value = fields[i + 1] ?? ''
    const verdict = rules.judge(name, value)
    if (verdict === dropped) continue
    said |= verdict
    if (treatment === 'content-type') mediaType = mediaTypeOf(value)
    else if (treatment === 'buffering') bufferingSaid = true
    else if (treatment === 'date') dated = true
    else if (treatment === 'cache-control') cached = true
    else if (treatment === 'set-cookie' && isOwnCookie(passage, value)) continue
    // A length of a body that does not come: 204 has none (RFC 9110 8.6).
    else if (treatment === 'content-length' && head.status === 204) continue
    lines += `${name}: ${value}\r\n`
  }
  if (!dated) lines += dateLine()
  // An outer nginx buffers answers unless told otherwise; events must arrive when they are sent.
  if (mediaType === 'text/event-stream' && !bufferingSaid) lines += 'X-Accel-Buffering: no\r\n'
  if (passage !== null) lines += passageLines(passage, cached)
  return { lines: lines + rules.block(scheme, said), mediaType, dated }
}

/**
 * The 101 a client gets: what the two ends agreed on is theirs, the rest is dropped as in any answer, `Server` among
 * it. Nothing is added: there is no page whose browser it could protect.
 */
export function agreementLines(
  head: AnswerHead,
  requestId: string,
  rules: RouteHeaders,
  passage: Passage | null = null,
): string {
  const { fields, connection } = head
  let lines = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const treatment = treatments.get(name)
    if (treatment === 'drop' || treatment === 'content-length' || connection.includes(name.toLowerCase()))
      continue
    const value = fields[i + 1] ?? ''
    if (treatment === 'set-cookie' && isOwnCookie(passage, value)) continue
    if (rules.judge(name, value) !== dropped) lines += `${name}: ${value}\r\n`
  }
  return `${lines}${passage?.answerLines ?? ''}X-Request-ID: ${requestId}\r\n\r\n`
}

function mediaTypeOf(value: string): string {
  const semicolon = value.indexOf(';')
  return (semicolon === -1 ? value : value.slice(0, semicolon)).trim().toLowerCase()
}
