/** Restarts and reloads of one gateway, one after the other, wherever they are asked for. */

import type { ControlOutcome } from '../admin/control.ts'

/** A change of the running gateway. */
export type Operation = () => Promise<ControlOutcome>

const stopped: ControlOutcome = {
  ok: false,
  problems: [{ code: 'stopped', message: 'the gateway was stopped meanwhile' }],
}

/** Runs them in the order in which they came. */
export class Operations {
  readonly #asked = new Set<(outcome: ControlOutcome) => void>()
  #last: Promise<unknown> = Promise.resolve()
  #stopping = false

  /** A stop in the middle of it ends it with an answer instead of leaving whoever asked waiting. */
  run(work: Operation): Promise<ControlOutcome> {
    const ended = Promise.withResolvers<ControlOutcome>()
    this.#asked.add(ended.resolve)
    const turn = this.#last.then(() => (this.#stopping ? stopped : work()))
    this.#last = turn.catch(() => undefined)
    return Promise.race([turn, ended.promise]).finally(() => this.#asked.delete(ended.resolve))
  }

  /** The gateway stops: none begins any more. */
  refuse(): void {
    this.#stopping = true
  }

  /** Answers whoever still waits: the gateway has stopped. */
  end(): void {
    for (const answer of this.#asked) answer(stopped)
  }
}
