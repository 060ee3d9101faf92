/**
 * The access record as a line of JSON, written as text: its fields are always the same ones, so that nothing has to
 * be looked up about them. Looks exactly as the logger would write it.
 */

import type { AccessRecord } from './access.ts'

/** Writes lines, one after the other. */
export class AccessLines {
  /** Begin of the second whose text is kept. */
  #secondAt = -1
  #second = ''
  readonly #method = new LastEscaped()
  readonly #path = new LastEscaped()
  readonly #client = new LastEscaped()
  readonly #worker = new LastEscaped()

  /**
   * One line, with its line break. Nothing of a query is in it.
   * @param now milliseconds since 1970
   */
  line(record: AccessRecord, now: number): string {
    const { worker, ttfbMs, heldMs } = record
    return (
      `{"level":"info","time":"${this.#time(now)}","request_id":"${record.id}","trace_id":"${record.traceId}"` +
      `,"method":"${this.#method.of(record.method)}"` +
      `,"path":"${this.#path.of(pathShown(record.path))}${queryMark(record)}","route":"${record.route}"` +
      `,"worker":${worker === null ? 'null' : `"${this.#worker.of(worker)}"`},"status":${record.status}` +
      `,"duration_ms":${decimal(record.endedAt - record.startedAt)}` +
      `,"ttfb_ms":${ttfbMs === null ? 'null' : decimal(ttfbMs)}` +
      `,"bytes_in":${record.bytesIn},"bytes_out":${record.bytesOut},"client":"${this.#client.of(record.client)}"` +
      (record.user === null ? '' : `,"user":"${escaped(record.user)}"`) +
      `,"reason":"${record.reason}"` +
      (record.kind === 'websocket' ? ',"websocket":true' : '') +
      (heldMs > 0 ? `,"held_ms":${decimal(heldMs)}` : '') +
      ',"msg":"request"}\n'
    )
  }

  /** ISO 8601; the text of a second is made once. */
  #time(now: number): string {
    const at = now - (now % 1000)
    if (at !== this.#secondAt) {
      this.#secondAt = at
      this.#second = new Date(at).toISOString().slice(0, -4)
    }
    const ms = now - at
    return `${this.#second}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`
  }
}

/** A text as it stands in a JSON string. The last one is kept: neighbouring lines often have the same. */
class LastEscaped {
  #text = ''
  #escaped = ''

  of(text: string): string {
    if (text !== this.#text) {
      this.#text = text
      this.#escaped = escaped(text)
    }
    return this.#escaped
  }
}

/** Query values are other people's data, tokens among them; so is who the client claims to be before an `@`. */
export function pathText(record: Pick<AccessRecord, 'path' | 'hasQuery'>): string {
  return pathShown(record.path) + queryMark(record)
}

function pathShown(path: string): string {
  return path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1[redacted]@')
}

function queryMark({ hasQuery }: Pick<AccessRecord, 'hasQuery'>): string {
  return hasQuery ? '?[redacted]' : ''
}

/** Milliseconds with two digits behind the point. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}

/** What stands behind the whole number for each hundredth: nothing, `.01`, `.1`. */
const hundredths = Array.from({ length: 100 }, (_, hundredth) => String(hundredth / 100).slice(1))

/** {@link rounded} as text, made of two whole numbers: that is a fraction of what a number with a point costs. */
function decimal(ms: number): string {
  const all = Math.round(ms * 100)
  // A socket that was open for the better part of a year; and nothing is below zero on a monotonic clock.
  if (all < 0 || all > 0x7fff_ffff) return String(rounded(ms))
  const whole = (all / 100) | 0
  return `${whole}${hundredths[all - whole * 100] ?? ''}`
}

function escaped(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? text : escapeAll(text).slice(1, -1)
}

/** As {@link JSON.stringify}, and the controls beyond ASCII that a terminal would obey. */
function escapeAll(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f]/g,
    (unit) => `\\u00${unit.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
