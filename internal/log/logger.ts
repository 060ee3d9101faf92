/** The gateway's log: pino for the records, one bounded sink for the bytes, standard output or a file behind it. */

import { pino, stdTimeFunctions, type Logger as Pino } from 'pino'
import type { LogConfig } from '../config/config.ts'
import { LogFile } from './file.ts'
import { openOutlet, type Outlet } from './outlet.ts'
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

/** A logger and the lines it writes. */
export interface LogRoom {
  readonly logger: Logger
  readonly sink: LineSink
}

/** The log of a whole run. */
export interface Log extends LogRoom {
  /** Tells whoever sees only standard output how the run goes, and where its log is; nothing when it is there. */
  announce(fields: LogFields, message: string): void
  /** The log file was moved: a new one is begun under its name. Nothing without a file. */
  reopen(): void
  /** Writes what waits, for at most `ms` milliseconds. */
  close(ms: number): Promise<void>
}

/** Builds the logger: JSON records with `time` (ISO 8601), `level`, `msg`; text on a terminal. */
export function createLogger(config: LogConfig, target: LogTarget): LogRoom {
  const isText = config.format === 'text' || (config.format === 'auto' && target.isTerminal)
  const format = isText ? createTextFormat(target.colour) : escapeControls
  return createRoom(config, openOutlet(target.stream), format, elsewhere(target.other))
}

/**
 * Opens the log where the configuration wants it: `log.file`, else the target. In a file `auto` is JSON.
 * @throws StartupError `log_file` when the file cannot be opened
 */
export async function openLog(config: LogConfig, target: LogTarget): Promise<Log> {
  const shown = createLogger(config, target)
  if (config.file === null)
    return {
      ...shown,
      announce: () => undefined,
      reopen: () => undefined,
      close: (ms) => shown.sink.close(ms),
    }
  const tell = elsewhere(target.other)
  const file = await LogFile.open(config.file, tell)
  const format = config.format === 'text' ? createTextFormat(false) : escapeControls
  const kept = createRoom(config, file, format, tell)
  const { path } = config.file
  return {
    ...kept,
    announce: (fields, message) => shown.logger.info({ ...fields, log: path }, message),
    reopen: () => {
      file.reopen()
      kept.logger.info({ file: path }, 'log file opened again')
    },
    close: async (ms) => {
      await Promise.all([kept.sink.close(ms), shown.sink.close(ms)])
      // A disk that hangs would keep it open, and must not keep us.
      void file.close()
    },
  }
}

function createRoom(
  config: LogConfig,
  outlet: Outlet,
  format: (line: string) => string,
  tell: (text: string) => void,
): LogRoom {
  const sink = createSink(outlet, { dropped: (count) => format(droppedLine(count)), elsewhere: tell })
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
