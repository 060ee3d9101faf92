/** Which processes Node itself started and waits for. */

import { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const channel = 'child_process'

/**
 * Follows every child that any part of the program starts, so that nobody has to report one (and be able to
 * forget it). Made before the first of them; sees the main thread only, where children have to be started anyway.
 */
export class OwnChildren {
  readonly #children = new Set<ChildProcess>()
  readonly #listener = (message: unknown): void => {
    this.#prune()
    const child = childOf(message)
    if (child !== null) this.#children.add(child)
  }

  constructor() {
    subscribe(channel, this.#listener)
  }

  /** Whether Node started it and has not taken its exit status yet. */
  has(pid: number): boolean {
    this.#prune()
    return [...this.#children].some((child) => child.pid === pid)
  }

  /** Stops following. Idempotent. */
  close(): void {
    unsubscribe(channel, this.#listener)
    this.#children.clear()
  }

  // Not by an `exit` or `error` listener: the latter would swallow errors its owner forgot to listen for. The status
  // is set once the process has been waited for, or could not be started.
  #prune(): void {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) this.#children.delete(child)
    }
  }
}

// It is published by its constructor: nothing but its class is there yet.
function childOf(message: unknown): ChildProcess | null {
  if (typeof message !== 'object' || message === null || !('process' in message)) return null
  return message.process instanceof ChildProcess ? message.process : null
}
