/** Log lines for people: time, level, who, message, then the remaining fields. */

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

const levelStyle: Readonly<Record<string, Style>> = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
}

const workerStyles: readonly Style[] = ['cyan', 'magenta', 'blue', 'yellow', 'green']

/** Turns one JSON log line into one or more lines of text. `colour` false leaves out every escape. */
export function createTextFormat(colour: boolean): (line: string) => string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const styles = new Map<string, Style>()
  const styleOf = (worker: string): Style => {
    const known = styles.get(worker) ?? workerStyles[styles.size % workerStyles.length] ?? 'cyan'
    styles.set(worker, known)
    return known
  }
  return (line) => {
    const record = parseLine(line)
    if (record === null) return line
    const { time, level, msg, worker, stream, ...rest } = record
    const clock = paint('gray', String(time).slice(11, 19))
    if (typeof worker === 'string' && stream !== undefined)
      return `${clock} ${output(worker, msg, paint, styleOf)}\n`
    const who = typeof worker === 'string' ? `${paint(styleOf(worker), worker)} ` : ''
    const badge = paint(levelStyle[String(level)] ?? 'white', String(level).padEnd(5))
    const access = accessWords(record, paint)
    if (access !== null) return `${clock} ${badge} ${who}${access}\n`
    return `${clock} ${badge} ${who}${escapeControls(String(msg))}${fields(rest, paint)}\n`
  }
}

/** The access line of a request that went well, in the words of one; null for everything else. */
function accessWords(record: Readonly<Record<string, unknown>>, paint: Paint): string | null {
  const { msg, method, path, status, duration_ms: duration, reason, request_id: id } = record
  if (msg !== 'request' || typeof status !== 'number' || typeof duration !== 'number') return null
  if (reason !== 'ok' || typeof method !== 'string' || typeof path !== 'string') return null
  const said = paint(status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green', String(status))
  const words = `${escapeControls(method)} ${escapeControls(path)} ${said} ${duration} ms`
  return typeof id === 'string' ? `${words} ${paint('gray', escapeControls(id))}` : words
}

/** A worker's own output: every line carries its name. */
function output(worker: string, msg: unknown, paint: Paint, styleOf: (worker: string) => Style): string {
  const name = paint(styleOf(worker), worker.padEnd(4))
  return String(msg)
    .split('\n')
    .map((text) => `${name} | ${escapeControls(text)}`)
    .join('\n         ')
}

function fields(rest: Readonly<Record<string, unknown>>, paint: Paint): string {
  let text = ''
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || value === undefined) continue
    const shown = typeof value === 'string' ? value : JSON.stringify(value)
    // A line break in a value would let it pass for a line of its own.
    text += ` ${paint('gray', `${name}=`)}${escapeControls(shown).replaceAll('\n', '\\n')}`
  }
  return text
}

/** Terminal escapes in logged values must not reach the terminal; a traceback's line breaks may. */
function escapeControls(text: string): string {
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function parseLine(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
