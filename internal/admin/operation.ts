/** Restarts and reloads: one at a time, told line by line, and finished whoever is still listening. */

import type { ServerResponse } from 'node:http'

import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import { encodeEvent, eventsType, type ControlEvent, type ControlOutcome } from './control.ts'

/** Does the work; `progress` may be called until it settles. */
type Work = (progress: (line: string) => void) => Promise<ControlOutcome>

/** A client that reads nothing gets no more progress beyond this; its final line is still sent. */
const mostUnread = 256 * 1024

/** Holds the place for the one operation that may run. */
export class OperationDesk {
  readonly #logger: Logger
  #running: { readonly name: string; readonly since: Date } | null = null

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Why nothing can be started now; null when something can. */
  get busy(): Problem | null {
    if (this.#running === null) return null
    return {
      code: 'control_busy',
      message: `${this.#running.name} is running since ${this.#running.since.toISOString()}`,
      hint: 'wait until it has ended; `fluxlit status` shows how far it is',
    }
  }

  /**
   * Starts the work and tells about it in `response`. The work goes on when the client goes away: half a restart
   * is worse than one nobody watches. Call only while {@link busy} is null.
   *
   * @param name for people: `restart of api`
   */
  async run(name: string, response: ServerResponse, work: Work): Promise<ControlOutcome> {
    this.#running = { name, since: new Date() }
    this.#logger.info({}, `${name} started`)
    response.writeHead(200, { 'content-type': eventsType })
    response.flushHeaders()
    const outcome = await this.#settle(name, work, (line) => {
      if (response.writableLength < mostUnread) send(response, { kind: 'progress', line })
    })
    this.#running = null
    this.#report(name, outcome)
    send(response, { kind: 'done', outcome })
    response.end()
    return outcome
  }

  async #settle(name: string, work: Work, progress: (line: string) => void): Promise<ControlOutcome> {
    try {
      return await work(progress)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#logger.error({ stack: error instanceof Error ? error.stack : undefined }, `${name}: ${message}`)
      return { ok: false, problems: [{ code: 'internal', message: `${name}: ${message}` }] }
    }
  }

  #report(name: string, outcome: ControlOutcome): void {
    if (outcome.ok) this.#logger.info({}, `${name} done`)
    else this.#logger.error({ problems: outcome.problems.map(({ message }) => message) }, `${name} failed`)
  }
}

function send(response: ServerResponse, event: ControlEvent): void {
  if (!response.destroyed && !response.writableEnded) response.write(encodeEvent(event))
}
