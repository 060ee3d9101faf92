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

  /**
   * One line, with its line break. Nothing of a query is in it.
   * @param now milliseconds since 1970
   */
  line(record: AccessRecord, now: number): string {
    const { worker, ttfbMs, heldMs } = record
    return (
      `{"level":"info","time":"${this.#time(now)}","request_id":${quoted(record.id)},"trace_id":"${record.traceId}"` +
      `,"method":${quoted(record.method)},"path":${quoted(pathText(record))},"route":"${record.route}"` +
      `,"worker":${worker === null ? 'null' : quoted(worker)},"status":${record.status}` +
      `,"duration_ms":${rounded(performance.now() - record.startedAt)}` +
      `,"ttfb_ms":${ttfbMs === null ? 'null' : rounded(ttfbMs)}` +
      `,"bytes_in":${record.bytesIn},"bytes_out":${record.bytesOut},"client":${quoted(record.client)}` +
      (record.user === null ? '' : `,"user":${quoted(record.user)}`) +
      `,"reason":"${record.reason}"` +
      (record.kind === 'websocket' ? ',"websocket":true' : '') +
      (heldMs > 0 ? `,"held_ms":${rounded(heldMs)}` : '') +
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

/** Query values are other people's data, tokens among them; so is who the client claims to be before an `@`. */
export function pathText({ path, hasQuery }: Pick<AccessRecord, 'path' | 'hasQuery'>): string {
  const shown = path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1[redacted]@')
  return hasQuery ? `${shown}?[redacted]` : shown
}

/** Milliseconds with two digits behind the point. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}

function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : escapeAll(text)
}

/** As {@link JSON.stringify}, and the controls beyond ASCII that a terminal would obey. */
function escapeAll(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f]/g,
    (unit) => `\\u00${unit.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
