/** The gateway's logger: pino for the records, one bounded sink for the bytes. */

import { pino, stdTimeFunctions, type Logger as Pino } from 'pino'
import type { LogConfig } from '../config/config.ts'
import { openOutlet } from './outlet.ts'
import { createSink, type LineSink } from './sink.ts'
import { createTextFormat } from './text.ts'
import type { LogFields, Logger, LogLevel } from './types.ts'
import type { Writable } from 'node:stream'

/** Where lines go and what the terminal can show. */
export interface LogTarget {
  readonly stream: Writable
  /** Where to say that `stream` cannot be written: standard error. Without it nobody is told. */
  readonly other?: Writable
  readonly isTerminal: boolean
  readonly colour: boolean
}

/** A logger and what must be asked of it at the end. */
export interface LogRoom {
  readonly logger: Logger
  readonly sink: LineSink
}

/** Builds the logger: JSON records with `time` (ISO 8601), `level`, `msg`; text on a terminal. */
export function createLogger(config: LogConfig, target: LogTarget): LogRoom {
  const text = config.format === 'text' || (config.format === 'auto' && target.isTerminal)
  const format = text ? createTextFormat(target.colour) : escapeControls
  const sink = createSink(openOutlet(target.stream), {
    dropped: (count) => format(droppedLine(count)),
    elsewhere: elsewhere(target.other),
  })
  const destination = { write: (line: string) => sink.write(format(line)) }
  const root = pino(
    {
      level: config.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return { logger: wrap(root), sink }
}

/** The one record that does not come from pino: it belongs between two lines that are already queued. */
function droppedLine(count: number): string {
  const msg = `dropped ${count} log lines`
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped: count, msg })}\n`
}

function elsewhere(stream: Writable | undefined): (text: string) => void {
  // The other stream may be closed as well; that must not end the process either.
  stream?.on('error', () => undefined)
  return (text) => void stream?.write(`fluxlit: ${text}`)
}

// JSON escapes only what is below U+0020; DEL and the C1 controls (U+009B begins an escape sequence) are left to us.
// They can only stand inside a string.
function escapeControls(line: string): string {
  return line.replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function wrap(inner: Pino): Logger {
  return {
    trace: (fields, message) => inner.trace(fields, message),
    debug: (fields, message) => inner.debug(fields, message),
    info: (fields, message) => inner.info(fields, message),
    warn: (fields, message) => inner.warn(fields, message),
    error: (fields, message) => inner.error(fields, message),
    isEnabled: (level: LogLevel) => inner.isLevelEnabled(level),
    child: (fields: LogFields) => wrap(inner.child(fields)),
  }
}
