/** The head a client gets: a worker's answer without the fields of its own connection, with our request id. */

import { isPerHop } from '../exchange/names.ts'

/** What the relay must know about an answer besides its fields. */
export interface IncomingHead {
  /** Flat name, value list for the client. */
  readonly fields: string[]
  /** Lower-case media type without parameters, `''` when none is given. */
  readonly mediaType: string
}

/**
 * Filters the raw fields of a worker's answer. Per-hop fields and those named by the worker's `Connection`
 * are dropped (RFC 9110 7.6.1), the order and repetition of the others is kept: three `Set-Cookie` stay three.
 *
 * @param raw name, value buffers as undici read them (latin1 bytes)
 */
export function incomingHead(raw: readonly (Buffer | string)[], requestId: string): IncomingHead {
  const nominated = nominatedNames(raw)
  const fields: string[] = []
  let mediaType = ''
  let bufferingSaid = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = latin1(raw[i])
    const lower = name.toLowerCase()
    if (isPerHop(lower) || lower === 'x-request-id' || (nominated?.has(lower) ?? false)) continue
    const value = latin1(raw[i + 1])
    if (lower === 'content-type') mediaType = value.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (lower === 'x-accel-buffering') bufferingSaid = true
    fields.push(name, value)
  }
  fields.push('X-Request-ID', requestId)
  // An outer nginx buffers answers unless told otherwise; events must arrive when they are sent.
  if (mediaType === 'text/event-stream' && !bufferingSaid) fields.push('X-Accel-Buffering', 'no')
  return { fields, mediaType }
}

function nominatedNames(raw: readonly (Buffer | string)[]): Set<string> | null {
  let names: Set<string> | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]
    if (name === undefined || name.length !== 10 || latin1(name).toLowerCase() !== 'connection') continue
    for (const token of latin1(raw[i + 1]).split(',')) (names ??= new Set()).add(token.trim().toLowerCase())
  }
  return names
}

function latin1(value: Buffer | string | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : value.toString('latin1')
}
