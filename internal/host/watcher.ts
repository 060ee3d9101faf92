/** Ends the workers of a gateway that was killed and could not do it itself. */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'

import { processStat } from './process-table.ts'
import { watcherScript } from './watcher-script.ts'

/** How the watcher's process is made; everything has a default. */
export interface WatcherInput {
  /** A POSIX shell, or null when there is none. */
  readonly shell?: string | null
  /** Command line of a process that calls `watchGroups` when `FLUXLIT_ROLE` is `watcher`; used without a shell. */
  readonly self?: readonly [string, ...string[]]
  /** Told once when no watcher can be kept running; workers then outlive a killed gateway. */
  readonly onLost?: (reason: string) => void
}

/** Something that ends a watcher at once, ends the next one too. */
const restarts = 5

/**
 * One small process beside the gateway that knows the process groups of all workers. Its standard input is a pipe
 * only the gateway holds: when that ends, the groups get SIGTERM (and SIGCONT, for stopped ones), 8 s later SIGKILL.
 * It is needed beside the lifeline in the Python bootstrap, whose thread runs neither in a process that holds the
 * interpreter's lock, nor in a stopped one, nor in a program that is not Python.
 *
 * A shell, because it costs 1 MB where a second gateway would cost 40. It lives in a session of its own and ignores
 * what a terminal sends. Does nothing on Windows.
 */
export class Watcher {
  readonly #input: WatcherInput
  readonly #groups = new Map<number, string>()
  #process: ChildProcess | null = null
  #started = 0
  #isClosed = false

  constructor(input: WatcherInput = {}) {
    this.#input = input
  }

  /** Id of the watcher's process, or null while nothing is watched. */
  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  /** Watches the group of a process that was started in a group of its own. */
  watch(pid: number): void {
    if (this.#isClosed || process.platform === 'win32') return
    // The start time tells the process from a later one of the same number.
    this.#groups.set(pid, String(processStat(pid)?.start ?? '-'))
    if (this.#process === null) this.#start()
    else this.#tell(`+ ${pid} ${this.#groups.get(pid)}`)
  }

  /** The group has ended. */
  forget(pid: number): void {
    if (this.#groups.delete(pid)) this.#tell(`- ${pid}`)
  }

  /** Ends the watcher and nothing else. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.#tell('.')
    this.#process?.stdin?.end()
    this.#process = null
  }

  #start(): void {
    this.#started += 1
    const child = launch(this.#input)
    if (child instanceof Error) return this.#lost(child.message)
    this.#process = child
    child.once('error', (error) => this.#again(child, error.message))
    child.once('exit', () => this.#again(child, 'the watcher ended'))
    // It may have ended; that is told by `exit`.
    child.stdin?.on('error', () => {})
    child.unref()
    if (child.stdin instanceof Socket) child.stdin.unref()
    for (const [pid, start] of this.#groups) this.#tell(`+ ${pid} ${start}`)
  }

  #again(child: ChildProcess, reason: string): void {
    if (this.#isClosed || this.#process !== child) return
    this.#process = null
    if (this.#started > restarts) this.#lost(reason)
    else this.#start()
  }

  #lost(reason: string): void {
    this.#isClosed = true
    this.#input.onLost?.(reason)
  }

  #tell(line: string): void {
    if (this.#process?.stdin?.writable === true) this.#process.stdin.write(`${line}\n`)
  }
}

function launch(input: WatcherInput): ChildProcess | Error {
  const { shell = systemShell(), self = [process.execPath] } = input
  const [command, ...args] = shell === null ? self : [shell, '-c', watcherScript, 'fluxlit-watcher']
  // Nothing of the gateway's environment: it holds secrets, and the mark of a gateway this one runs below.
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...(shell === null ? { FLUXLIT_ROLE: 'watcher' } : {}) }
  try {
    return spawn(command, args, { cwd: '/', env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function systemShell(): string | null {
  return existsSync('/bin/sh') ? '/bin/sh' : null
}
