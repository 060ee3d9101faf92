/** Server-sent events: the same one to every listener, at a fixed pace. */

import type { Socket } from 'node:net'

/** Milliseconds between two events of a listener. */
export const eventIntervalMs = 50

/** Bytes of an event without its framing: a dashboard's small update. */
const eventBytes = 200

/** Sends events to whoever listens, while somebody does. */
export class Events {
  readonly #listeners = new Set<Socket>()
  #timer: NodeJS.Timeout | null = null

  add(listener: Socket): void {
    this.#listeners.add(listener)
    listener.once('close', () => this.#remove(listener))
    this.#timer ??= setInterval(() => this.#send(), eventIntervalMs)
  }

  #remove(listener: Socket): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #send(): void {
    const event = eventText(process.hrtime.bigint())
    const chunk = `${event.length.toString(16)}\r\n${event}\r\n`
    // A listener that does not read misses events: it must not make us keep them.
    for (const listener of this.#listeners) if (!listener.writableNeedDrain) listener.write(chunk, 'latin1')
  }
}

/** An event that carries when it was sent, in nanoseconds of the clock all processes of a machine share. */
export function eventText(sentAt: bigint): string {
  return `data: ${String(sentAt)
    .padStart(20, '0')
    .padEnd(eventBytes - 8, '.')}\n\n`
}
