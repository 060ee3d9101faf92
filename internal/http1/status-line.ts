/** First lines and dates of the answers the gateway writes. */

import { STATUS_CODES } from 'node:http'

const lines = new Map<number, string>()

/**
 * `HTTP/1.1 200 OK\r\n`. The phrase is the standard's, never a worker's, and the version is always ours
 * (RFC 9112 2.3: an answer to HTTP/1.0 is framed for it and labelled 1.1).
 */
export function statusLine(status: number): string {
  const known = lines.get(status)
  if (known !== undefined) return known
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  lines.set(status, line)
  return line
}

let dateSecond = 0
let dateText = ''

/** The `Date` line for now (RFC 9110 6.6.1), made once a second. */
export function dateLine(): string {
  const second = Math.floor(Date.now() / 1_000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = `Date: ${new Date(second * 1_000).toUTCString()}\r\n`
  }
  return dateText
}
