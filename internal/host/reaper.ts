/** What init does on a machine: takes the exit status of processes whose own parent is gone. */

import type { Libc } from './libc.ts'
import { childIds, processStat } from './process-table.ts'

/** What a reaper is made from. */
export interface ReaperInput {
  readonly libc: Libc
  /** Whether Node started this process: its exit status is Node's to take. */
  readonly isOurs: (pid: number) => boolean
  readonly pid?: number
}

/** Some zombies come without a signal (several at once are told once), so they are also looked for this often. */
const sweepMs = 10_000

/**
 * Removes zombies that were re-parented to this process. They are waited for one by one, never "any child", because
 * that would take the exit of a worker away from Node. Does nothing where the C library cannot be called.
 */
export class Reaper {
  /** Whether orphans come to this process at all: it is PID 1, or could be made a subreaper. */
  readonly isActive: boolean
  readonly #input: ReaperInput
  readonly #timer: NodeJS.Timeout | null = null
  #isScheduled = false
  #isClosed = false

  constructor(input: ReaperInput) {
    const { libc, pid = process.pid } = input
    this.#input = input
    this.isActive = libc.isAvailable && (pid === 1 || libc.becomeSubreaper())
    if (!this.isActive) return
    process.on('SIGCHLD', this.#onSignal)
    this.#timer = setInterval(() => this.sweep(), sweepMs)
    this.#timer.unref()
  }

  /** Reaps what is there now. @returns ids of the processes removed */
  sweep(): readonly number[] {
    if (!this.isActive || this.#isClosed) return []
    const { libc, isOurs } = this.#input
    return childIds().filter((pid) => !isOurs(pid) && processStat(pid)?.state === 'Z' && libc.reap(pid))
  }

  /** Stops looking. What arrives later stays until this process ends. Idempotent. */
  close(): void {
    this.#isClosed = true
    process.off('SIGCHLD', this.#onSignal)
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  // A worker's group ends with a burst of signals: one look is enough for all.
  readonly #onSignal = (): void => {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.sweep()
    })
  }
}
