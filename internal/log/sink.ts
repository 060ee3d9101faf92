/**
 * Where log lines go. Our own output may be slow, stuck, closed or on a full disk: then a bounded number of lines
 * waits, the rest is dropped and counted, and traffic goes on.
 */

import type { Outlet, Written } from './outlet.ts'

/** Takes complete lines. */
export interface LineSink {
  write(line: string): void
  /** The same for a line that may wait for some milliseconds, so that many leave at once. */
  writeSoon(line: string): void
  /** Lines that were not written and never will be. */
  readonly dropped: number
  /** Writes what waits, for at most `ms` milliseconds. Lines that come later are dropped. Idempotent. */
  close(ms: number): Promise<void>
}

/** What a sink says about itself. */
export interface SinkNotices {
  /** The line that stands in the log where lines are missing. */
  dropped(count: number): string
  /** Another way to reach the operator, when the log itself cannot: a sentence with a line break. */
  elsewhere(text: string): void
}

/** Characters that may wait, and how many of them are written at once. */
const queueLimit = 1024 * 1024
const batchLimit = 128 * 1024

/** At most, in UTF-8, of one UTF-16 unit. */
const bytesPerUnit = 3

/** Bytes; a batch and the line that made it full. */
const roomSize = (batchLimit + 16 * 1024) * bytesPerUnit

/** How long a line that may wait does, in milliseconds. */
const gatherMs = 10

/** How long an output that failed is left alone, in milliseconds. */
const retryMs = 1000

/** A {@link LineSink} in front of an outlet. */
export function createSink(outlet: Outlet, notices: SinkNotices): LineSink {
  return new QueuedSink(outlet, notices)
}

class QueuedSink implements LineSink {
  readonly #outlet: Outlet
  readonly #notices: SinkNotices
  #state: 'idle' | 'writing' | 'failing' | 'closed' = 'idle'
  #dropped = 0
  /** Dropped since the last notice; while there are any, the gap is still open and nothing is queued behind it. */
  #gap = 0
  #queue: string[] = []
  #queued = 0
  #batch: { rest: Buffer; readonly lines: number } | null = null
  /** Where batches are encoded, one after the other: a new buffer for each costs more than filling it. */
  #room: Buffer | null = null
  #complained = false
  #retry: NodeJS.Timeout | undefined
  /** Runs while lines that may wait do. */
  #gathering: NodeJS.Timeout | undefined
  #closing: PromiseWithResolvers<void> | null = null

  constructor(outlet: Outlet, notices: SinkNotices) {
    this.#outlet = outlet
    this.#notices = notices
  }

  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#enqueue(line) && this.#state === 'idle') this.#next()
  }

  writeSoon(line: string): void {
    if (!this.#enqueue(line) || this.#state !== 'idle') return
    if (this.#queued >= batchLimit) this.#next()
    else this.#gathering ??= setTimeout(() => this.#gathered(), gatherMs)
  }

  /** @returns whether there was room for it */
  #enqueue(line: string): boolean {
    // A line of any size goes into an empty queue, so that nothing is too long to be written at all.
    const full = this.#queued > 0 && this.#queued + line.length > queueLimit
    if (full || this.#gap > 0 || this.#state === 'closed') {
      this.#drop(1)
      return false
    }
    this.#queue.push(line)
    this.#queued += line.length
    return true
  }

  async close(ms: number): Promise<void> {
    if (this.#state === 'idle' && this.#queue.length > 0) this.#next()
    if (this.#state === 'idle') this.#finish()
    if (this.#state === 'closed') return
    if (this.#closing === null) {
      this.#closing = Promise.withResolvers()
      if (this.#state === 'failing') this.#attempt()
    }
    const late = setTimeout(() => this.#finish(), ms)
    await this.#closing.promise
    clearTimeout(late)
  }

  #drop(lines: number): void {
    this.#dropped += lines
    this.#gap += lines
  }

  #gathered(): void {
    this.#gathering = undefined
    if (this.#state === 'idle') this.#next()
  }

  #next(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    if (this.#queue.length === 0 && this.#gap > 0) {
      this.#queue.push(this.#notices.dropped(this.#gap))
      this.#gap = 0
    }
    if (this.#queue.length === 0) {
      this.#state = 'idle'
      if (this.#closing !== null) this.#finish()
      return
    }
    this.#batch = this.#take()
    this.#attempt()
  }

  #take(): { rest: Buffer; readonly lines: number } {
    let length = 0
    let lines = 0
    while (lines < this.#queue.length && (lines === 0 || length < batchLimit)) {
      length += this.#queue[lines]?.length ?? 0
      lines += 1
    }
    this.#queued = Math.max(0, this.#queued - length)
    return { rest: this.#encode(this.#queue.splice(0, lines).join('')), lines }
  }

  #encode(text: string): Buffer {
    if (text.length * bytesPerUnit > roomSize) return Buffer.from(text)
    const room = (this.#room ??= Buffer.allocUnsafeSlow(roomSize))
    return room.subarray(0, room.write(text))
  }

  #attempt(): void {
    clearTimeout(this.#retry)
    if (this.#batch === null) return
    this.#state = 'writing'
    this.#outlet.write(this.#batch.rest, this.#written)
  }

  // What arrived is not written again: no line is torn or doubled when a full disk has room again.
  readonly #written: Written = (error, bytes) => {
    if (this.#state === 'closed' || this.#batch === null) return
    this.#batch.rest = this.#batch.rest.subarray(bytes)
    if (error !== null) return this.#failed(error)
    if (this.#batch.rest.length > 0) return this.#attempt()
    this.#batch = null
    this.#complained = false
    this.#next()
  }

  #failed(error: Error): void {
    this.#state = 'failing'
    if (!this.#complained) {
      this.#notices.elsewhere(
        `log lines cannot be written (${error.message}); what does not fit is dropped\n`,
      )
    }
    this.#complained = true
    if (this.#closing !== null) return this.#finish()
    // A log must not keep a process alive.
    this.#retry = setTimeout(() => this.#attempt(), retryMs).unref()
  }

  #finish(): void {
    if (this.#state === 'closed') return
    clearTimeout(this.#retry)
    this.#state = 'closed'
    this.#drop(this.#queue.length + (this.#batch?.lines ?? 0))
    this.#queue = []
    this.#batch = null
    if (this.#gap > 0) this.#notices.elsewhere(`dropped ${this.#gap} log lines\n`)
    this.#closing?.resolve()
  }
}
