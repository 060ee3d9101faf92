/** The gateway's log: pino for the records, one bounded sink for the bytes, standard output or a file behind it. */

import { pino, stdTimeFunctions, type Logger as Pino } from 'pino'
import type { LogConfig, LogFileConfig } from '../config/config.ts'
import type { Audit } from './audit.ts'
import { LogFile } from './file.ts'
import { openOutlet, type Outlet } from './outlet.ts'
import { createSink, type LineSink } from './sink.ts'
import { createTextFormat } from './text.ts'
import { droppedLine, escapeControls } from './json.ts'
import { openTrail } from './trail.ts'
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
export interface Log {
  readonly logger: Logger
  readonly audit: Audit
  /** Lines that were never written. */
  dropped(): number
  /** Text between the lines, for whoever develops. */
  write(text: string): void
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
  const tell = elsewhere(target.other)
  const kept = config.file === null ? null : await openKept(config, config.file, tell)
  const trail = await openTrail(config.audit, shown.sink, tell)
  const { logger, sink } = kept ?? shown
  return {
    logger,
    audit: trail.audit,
    dropped: () => sink.dropped + trail.dropped(),
    write: (text) => sink.write(text),
    announce: (fields, message) => {
      if (kept !== null) shown.logger.info({ ...fields, log: kept.path }, message)
    },
    reopen: () => {
      kept?.reopen()
      trail.reopen()
    },
    close: async (ms) => {
      await Promise.all([kept?.close(ms), trail.close(ms)])
      await shown.sink.close(ms)
    },
  }
}

/** A log in a file. */
interface Kept extends LogRoom {
  readonly path: string
  reopen(): void
  close(ms: number): Promise<void>
}

async function openKept(
  config: LogConfig,
  place: LogFileConfig,
  tell: (text: string) => void,
): Promise<Kept> {
  const file = await LogFile.open(place, tell)
  const format = config.format === 'text' ? createTextFormat(false) : escapeControls
  const { logger, sink } = createRoom(config, file, format, tell)
  const { path } = place
  return {
    logger,
    sink,
    path,
    reopen: () => {
      file.reopen()
      logger.info({ file: path }, 'log file opened again')
    },
    close: async (ms) => {
      await sink.close(ms)
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
  return { logger: format === escapeControls ? { ...wrap(root), json: sink } : wrap(root), sink }
}

function elsewhere(stream: Writable | undefined): (text: string) => void {
  // The other stream may be closed as well; that must not end the process either.
  stream?.on('error', () => undefined)
  return (text) => void stream?.write(`fluxlit: ${text}`)
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
