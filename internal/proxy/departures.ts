/**
 * Ends of many WebSockets at once, begun a few at a time. Each makes work a second time, when its client answers:
 * were all begun as fast as possible, thousands of answers would arrive together and keep everybody else waiting.
 */

import type { EventEmitter } from 'node:events'
import { Turns } from '../http1/turn.ts'

/** The client's socket, as far as it matters here. */
export type Departing = Pick<EventEmitter, 'once'> & { readonly destroyed: boolean }

interface Departure {
  readonly client: Departing
  readonly begin: () => void
}

/** How many have begun and are not over. */
const mostUnderWay = 128

/** How long one that does not come to its end keeps the next from beginning, in milliseconds. */
const patienceMs = 1_000

/** Begins the ends of WebSockets one after the other. */
export class Departures {
  readonly #turns = new Turns()
  #waiting: Departure[] = []
  /** How many of {@link #waiting} have begun. */
  #begun = 0
  #underWay = 0

  /** Calls `begin` soon, unless the client has left by then; what it begins is over when the client's socket closes. */
  add(client: Departing, begin: () => void): void {
    this.#waiting.push({ client, begin })
    this.#next()
  }

  #next(): void {
    while (this.#underWay < mostUnderWay) {
      const departure = this.#waiting[this.#begun]
      if (departure === undefined) break
      this.#begun += 1
      this.#underWay += 1
      this.#turns.add(() => this.#begin(departure))
    }
    if (this.#begun < this.#waiting.length) return
    this.#waiting = []
    this.#begun = 0
  }

  #begin({ client, begin }: Departure): void {
    if (client.destroyed) return this.#over()
    const over = (): void => {
      clearTimeout(patience)
      if (isOver) return
      isOver = true
      this.#over()
    }
    let isOver = false
    const patience = setTimeout(over, patienceMs).unref()
    client.once('close', over)
    begin()
  }

  #over(): void {
    this.#underWay -= 1
    this.#next()
  }
}
