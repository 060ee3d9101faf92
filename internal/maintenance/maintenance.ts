/**
 * Maintenance: workers whose clients are told so instead of being served, until somebody says that it is over. It is
 * kept in the state directory, because a restart of the gateway is often part of it.
 */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Logger } from '../log/types.ts'

/** What clients of a worker are told. */
export interface Notice {
  /** One or more sentences for people. */
  readonly message: string
  /** RFC 3339. */
  readonly since: string
}

/** The usual words. */
export const usualMessage = 'This application is being worked on. Please come back in a few minutes.'

/** Seconds after which clients are to ask again. */
export const maintenanceRetryS = 30

/** Whether a message can be shown: not empty, not endless, and without anything a terminal or a header would obey. */
export function isMessage(text: string): boolean {
  return text.trim() !== '' && text.length <= 500 && !/[\x00-\x1f\x7f-\x9f]/.test(text)
}

/** Stands for all workers. */
const everything = '*'

/** Which workers are in maintenance. */
export class Maintenance {
  readonly #file: string | null
  readonly #logger: Logger
  #notices: ReadonlyMap<string, Notice>

  private constructor(file: string | null, logger: Logger) {
    this.#file = file
    this.#logger = logger
    this.#notices = file === null ? new Map() : readNotices(file, logger)
    for (const [worker, { message }] of this.#notices)
      logger.warn({ worker: worker === everything ? undefined : worker, message }, 'maintenance goes on')
  }

  /** As the gateway before left it. @param stateDir null = it is not kept */
  static open(stateDir: string | null, logger: Logger): Maintenance {
    return new Maintenance(stateDir === null ? null : join(stateDir, 'maintenance.json'), logger)
  }

  /** What clients of a worker are told; null = they are served. Asked for every request. */
  of(worker: string): Notice | null {
    if (this.#notices.size === 0) return null
    return this.#notices.get(worker) ?? this.#notices.get(everything) ?? null
  }

  /** @param workers none = all. Returns why it will not outlive the gateway; null when it will */
  begin(workers: readonly string[], message: string): string | null {
    const notice = { message, since: new Date().toISOString() }
    const names = workers.length === 0 ? [everything] : workers
    return this.#keep(new Map([...this.#notices, ...names.map((name) => [name, notice] as const)]))
  }

  /**
   * @param workers none = all
   * @param known all there are; while it is on for everything it stays so for the others
   * @returns why a restart may bring it back; null when it will not
   */
  end(workers: readonly string[], known: readonly string[]): string | null {
    if (workers.length === 0) return this.#keep(new Map())
    const all = this.#notices.get(everything)
    const each = all === undefined ? [] : known.map((name) => [name, all] as const)
    const left = [...each, ...this.#notices].filter(
      ([name]) => name !== everything && !workers.includes(name),
    )
    return this.#keep(new Map(left))
  }

  #keep(notices: ReadonlyMap<string, Notice>): string | null {
    this.#notices = notices
    if (this.#file === null) return 'there is no state directory'
    try {
      writeNotices(this.#file, notices)
      return null
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#logger.error({ reason }, 'maintenance cannot be written to the state directory')
      return reason
    }
  }
}

// Whole or not at all: a gateway that is killed meanwhile leaves the file it found.
function writeNotices(file: string, notices: ReadonlyMap<string, Notice>): void {
  if (notices.size === 0) return rmSync(file, { force: true })
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const begun = `${file}.${process.pid}`
  writeFileSync(begun, `${JSON.stringify(Object.fromEntries(notices))}\n`, { mode: 0o600 })
  renameSync(begun, file)
}

function readNotices(file: string, logger: Logger): ReadonlyMap<string, Notice> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return new Map()
  }
  const notices = parseNotices(text)
  if (notices !== null) return notices
  logger.warn({ file }, 'maintenance cannot be read from the state directory; it is over')
  return new Map()
}

function parseNotices(text: string): ReadonlyMap<string, Notice> | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    const entries = Object.entries(value).map(([name, notice]) => [name, parseNotice(notice)] as const)
    return new Map(entries.flatMap(([name, notice]) => (notice === null ? [] : [[name, notice] as const])))
  } catch {
    return null
  }
}

function parseNotice(value: unknown): Notice | null {
  if (typeof value !== 'object' || value === null || !('message' in value) || !('since' in value)) return null
  const { message, since } = value
  if (typeof message !== 'string' || !isMessage(message)) return null
  return typeof since === 'string' ? { message, since } : null
}
