/** The gateway's logger: pino for the records, one bounded sink for the bytes. */

import { pino, stdTimeFunctions, type Logger as Pino } from 'pino'
import type { LogConfig } from '../config/config.ts'
import { createSink, type LineSink } from './sink.ts'
import { createTextFormat } from './text.ts'
import type { LogFields, Logger, LogLevel } from './types.ts'
import type { Writable } from 'node:stream'

/** Where lines go and what the terminal can show. */
export interface LogTarget {
  readonly stream: Writable
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
  const sink = createSink(target.stream)
  const text = config.format === 'text' || (config.format === 'auto' && target.isTerminal)
  const format = text ? createTextFormat(target.colour) : null
  const destination = { write: (line: string) => sink.write(format === null ? line : format(line)) }
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
