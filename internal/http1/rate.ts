/** Whether a body comes or goes at all: idle limits and least rates instead of a limit on the whole (design 5). */

import type { Socket } from 'node:net'

/** How fast a client sends a body. */
export class TakeRate {
  readonly #idleMs: number
  readonly #minRate: number
  #since = 0
  #lastAt = 0
  #bytes = 0
  #unseen = 0

  /** @param minRate bytes per second, averaged over no less than `idleMs`; 0 = none */
  constructor(idleMs: number, minRate: number) {
    this.#idleMs = idleMs
    this.#minRate = minRate
  }

  /** Begins anew: time in which nobody wanted the body is not its sender's. */
  restart(): void {
    this.#since = 0
    this.#bytes = 0
    this.#unseen = 0
  }

  /** Counts bytes; when they came is found out at the next look. */
  took(bytes: number): void {
    this.#unseen += bytes
  }

  /** Looks, with monotonic milliseconds. */
  isTooSlow(now: number): boolean {
    if (this.#since === 0) this.#since = this.#lastAt = now
    if (this.#unseen > 0) {
      this.#bytes += this.#unseen
      this.#unseen = 0
      this.#lastAt = now
    }
    if (this.#idleMs === 0) return false
    if (now - this.#lastAt > this.#idleMs) return true
    const elapsed = now - this.#since
    return elapsed > this.#idleMs && (this.#bytes * 1_000) / elapsed < this.#minRate
  }
}

/** What one write may hold back: the system says only that all of it has gone. */
const writeBytes = 64 * 1024

/** How fast a client takes what is written to it. */
export class SendRate {
  readonly #idleMs: number
  readonly #minRate: number
  #since = 0
  #first = 0
  #last = 0
  #lastAt = 0

  /** @param minRate bytes per second, averaged over no less than `idleMs`; 0 = none */
  constructor(idleMs: number, minRate: number) {
    this.#idleMs = idleMs
    this.#minRate = minRate
  }

  /** Looks, with monotonic milliseconds. Only time in which something waits to be taken counts. */
  isTooSlow(socket: Pick<Socket, 'bytesWritten' | 'writableLength'>, now: number): boolean {
    if (socket.writableLength === 0) {
      this.#since = 0
      return false
    }
    const gone = socket.bytesWritten - socket.writableLength
    if (this.#since === 0) {
      this.#since = now
      this.#first = gone
    }
    if (this.#since === now || gone !== this.#last) {
      this.#last = gone
      this.#lastAt = now
    }
    if (this.#idleMs === 0) return false
    if (now - this.#lastAt > this.#idleMs) return true
    const elapsed = now - this.#since
    return elapsed > this.#idleMs && ((gone - this.#first + writeBytes) * 1_000) / elapsed < this.#minRate
  }
}
