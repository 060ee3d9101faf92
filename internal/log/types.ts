/** Levels in rising order of severity; `log_level` names the lowest one written. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** Structured fields of one log line. Values must already be free of secrets. */
export type LogFields = Readonly<Record<string, unknown>>

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
}
