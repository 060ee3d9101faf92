/**
 * The log as a file: appended to, begun anew when it is full, and followed to its name when somebody else moved or
 * removed it. It is an {@link Outlet}: what cannot be written waits in the sink in front of it, or is dropped there.
 */

import type { Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { LogFileConfig } from '../config/config.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import type { Outlet, Written } from './outlet.ts'
import { shiftFiles } from './shift.ts'

/** Readable by the group that watches the logs, by nobody else. */
const mode = 0o640

/** How often it is looked whether the name still leads to our file, in milliseconds. */
const lookMs = 1000

const nothing = Buffer.alloc(0)

/** An open log file. Writes happen one after the other in the thread pool; nothing here makes the gateway wait. */
export class LogFile implements Outlet {
  readonly #config: LogFileConfig
  readonly #elsewhere: (text: string) => void
  #handle: FileHandle | null = null
  #size = 0
  #lookedAt = 0
  /** What was written of a line whose rest did not fit on the disk. */
  #begun: Buffer = nothing
  #complained = false
  #turn: Promise<void> = Promise.resolve()

  private constructor(config: LogFileConfig, elsewhere: (text: string) => void) {
    this.#config = config
    this.#elsewhere = elsewhere
  }

  /**
   * Opens it for appending, and creates it when it is missing.
   *
   * @param elsewhere takes a sentence for the operator that cannot be said in the log
   * @throws StartupError `log_file`, exit status 2
   */
  static async open(config: LogFileConfig, elsewhere: (text: string) => void): Promise<LogFile> {
    const file = new LogFile(config, elsewhere)
    try {
      await file.#follow()
      return file
    } catch (error) {
      throw unusable(config, error)
    }
  }

  write(bytes: Buffer, done: Written): void {
    this.#turn = this.#turn.then(() => this.#append(bytes, done))
  }

  /** Somebody moved the file: what is written from now on goes to a new one under its name. */
  reopen(): void {
    // A failure is met again, and told, by the next write.
    this.#turn = this.#turn.then(async () => void (await this.#follow().catch(() => undefined)))
  }

  /** Closes it after what was asked for before. */
  close(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#leave())
    return this.#turn
  }

  async #append(bytes: Buffer, done: Written): Promise<void> {
    let written = 0
    let failure: Error | null = null
    try {
      const handle = await this.#ready(bytes.length)
      while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    this.#size += written
    this.#begun = begunLine(this.#begun, bytes.subarray(0, written))
    done(failure, written)
  }

  async #ready(length: number): Promise<FileHandle> {
    const isFull = this.#isFull(length)
    const handle =
      this.#handle === null || isFull || performance.now() - this.#lookedAt >= lookMs
        ? await this.#follow()
        : this.#handle
    // Somebody else may have begun a new one meanwhile: another gateway, or logrotate.
    return isFull && this.#isFull(length) ? this.#rotate() : handle
  }

  #isFull(length: number): boolean {
    const { rotateBytes } = this.#config
    const wouldTear = this.#begun.length > 0
    return rotateBytes > 0 && this.#size > 0 && this.#size + length > rotateBytes && !wouldTear
  }

  async #rotate(): Promise<FileHandle> {
    const { path, rotateKeep } = this.#config
    try {
      await shiftFiles(path, rotateKeep)
      this.#complained = false
    } catch (error) {
      // It goes on growing, which is better than losing lines.
      if (!this.#complained) this.#elsewhere(`the log file cannot be rotated (${String(error)})\n`)
      this.#complained = true
    }
    return this.#follow()
  }

  /** Sees to it that the open file is the one the name leads to. */
  async #follow(): Promise<FileHandle> {
    const { path } = this.#config
    const there = await stat(path).catch(() => null)
    const own = await this.#handle?.stat()
    this.#lookedAt = performance.now()
    if (this.#handle !== null && there !== null && own !== undefined && isSame(there, own)) {
      // Not what we counted: others append to it, or empty it (logrotate's `copytruncate`).
      const isEmptied = there.size < this.#size
      this.#size = there.size
      return isEmptied ? this.#begin(this.#handle) : this.#handle
    }
    // Opening a pipe or a device can take for ever.
    if (there !== null && !there.isFile()) throw new Error('not a regular file')
    await this.#leave()
    this.#handle = await open(path, 'a', mode)
    return this.#begin(this.#handle)
  }

  // A line is never torn: what the full disk took of it stays where it is, and is written once more here.
  async #begin(handle: FileHandle): Promise<FileHandle> {
    try {
      if (this.#begun.length > 0) await handle.writeFile(this.#begun)
      this.#size = (await handle.stat()).size
    } catch (error) {
      // The next write begins once more.
      await this.#leave()
      throw error
    }
    return handle
  }

  async #leave(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    // What a closing disk has to say about lines that were taken already helps nobody.
    await handle?.close().catch(() => undefined)
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

/** The beginning of the line that is not complete after `written`. */
function begunLine(before: Buffer, written: Buffer): Buffer {
  const end = written.lastIndexOf(0x0a)
  if (end === written.length - 1) return written.length === 0 ? before : nothing
  return end === -1 ? Buffer.concat([before, written]) : Buffer.from(written.subarray(end + 1))
}

const standardOutput: Readonly<Record<LogFileConfig['key'], string>> = {
  'log.file': '""',
  'log.audit.file': '"-"',
}

function unusable({ path, key, where }: LogFileConfig, error: unknown): StartupError {
  const reason = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const missing = code === 'ENOENT' || code === 'ENOTDIR'
  const hint = missing
    ? `create the directory ${dirname(path)}, or correct \`${key}\``
    : `let the account of the gateway write there, or set \`${key}\` to ${standardOutput[key]} for standard output`
  const message = `the log file cannot be opened: ${path} (${code === '' ? reason : code})`
  return new StartupError([{ code: 'log_file', message, where, hint }], exitCode.usage)
}
