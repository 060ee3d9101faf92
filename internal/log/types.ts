/** Levels in rising order of severity; `log_level` names the lowest one written. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** Structured fields of one log line. Values must already be free of secrets. */
export type LogFields = Readonly<Record<string, unknown>>

/** Takes records that are JSON already, from whoever writes so many of the same kind that this is worth it. */
export interface JsonLines {
  /** One complete record with its line break. It may wait for some milliseconds, and leaves with those behind it. */
  writeSoon(line: string): void
}

/** What every room logs through; the composition root hands one in. */
export interface Logger {
  trace(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** True when a line at this level would be written; guard costly field building with it. */
  isEnabled(level: LogLevel): boolean
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): Logger
  /** There when lines are JSON. */
  readonly json?: JsonLines
}
