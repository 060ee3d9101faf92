/** Counts that all gateways on one store share: for `[limits] rate`, and of failed attempts. While it does not answer, each counts alone. */

import { createHmac } from 'node:crypto'

import type { Allowance } from './rate.ts'
import type { SessionStore } from './session/store.ts'

/** What {@link SharedRates} are made of. */
export interface SharedRatesParts {
  readonly ask: NonNullable<SessionStore['askRate']>
  /** Makes digests of addresses and people; the same on every gateway. */
  readonly key: Buffer
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told when the store gives no answer any more, and when it does again. */
  readonly onState: (state: 'shared' | 'alone') => void
}

/** How long nobody asks a store that gave no answer, in milliseconds. */
const pauseMs = 1_000

/** Asks the store. */
export class SharedRates {
  readonly #parts: SharedRatesParts
  #state: 'shared' | 'alone' = 'shared'
  #askAgainAt = 0

  constructor(parts: SharedRatesParts) {
    this.#parts = parts
  }

  /**
   * Takes one of what is allowed to `who`.
   * @returns milliseconds until there is one, 0 = it was taken; null, at once or later, = the store is not to be had
   */
  take(who: string, allowance: Allowance): Promise<number | null> | null {
    return this.#unlessAlone(who, allowance, 1)
  }

  /** As {@link take}, without taking it. */
  wait(who: string, allowance: Allowance): Promise<number | null> | null {
    return this.#unlessAlone(who, allowance, 0)
  }

  #unlessAlone(who: string, allowance: Allowance, taken: 0 | 1): Promise<number | null> | null {
    if (this.#state === 'alone') {
      const now = this.#parts.now()
      if (now < this.#askAgainAt) return null
      // One request finds out; the others do not wait for it.
      this.#askAgainAt = now + pauseMs
    }
    return this.#ask(createHmac('sha256', this.#parts.key).update(who).digest('base64url'), allowance, taken)
  }

  async #ask(name: string, allowance: Allowance, taken: 0 | 1): Promise<number | null> {
    try {
      const waitMs = await this.#parts.ask(name, allowance, taken)
      this.#become('shared')
      return waitMs
    } catch {
      this.#askAgainAt = this.#parts.now() + pauseMs
      this.#become('alone')
      return null
    }
  }

  #become(state: 'shared' | 'alone'): void {
    if (this.#state === state) return
    this.#state = state
    this.#parts.onState(state)
  }
}
