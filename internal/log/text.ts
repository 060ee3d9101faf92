/** Log lines for people: time, level, who, message, then the remaining fields. */

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

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
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text
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
    return `${clock} ${badge} ${who}${escapeControls(String(msg))}${fields(rest, paint)}\n`
  }
}

/** A worker's own output: every line carries its name. */
function output(
  worker: string,
  msg: unknown,
  paint: (style: Style, text: string) => string,
  styleOf: (worker: string) => Style,
): string {
  const name = paint(styleOf(worker), worker.padEnd(4))
  return String(msg)
    .split('\n')
    .map((text) => `${name} | ${escapeControls(text)}`)
    .join('\n         ')
}

function fields(
  rest: Readonly<Record<string, unknown>>,
  paint: (style: Style, text: string) => string,
): string {
  let text = ''
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || value === undefined) continue
    const shown = typeof value === 'string' ? value : JSON.stringify(value)
    text += ` ${paint('gray', `${name}=`)}${escapeControls(shown)}`
  }
  return text
}

/** Terminal escapes in logged values must not reach the terminal; a traceback's line breaks may. */
function escapeControls(text: string): string {
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f\x9b]/g,
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
