/** Server-sent events (WHATWG HTML 9.2): one snapshot per second to everybody who listens. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerText, type Endpoint } from './endpoint.ts'
import type { Snapshot } from './snapshot.ts'

/** Makes a snapshot. @param since `seconds_until` of the one before, whose rest it is; null = complete */
export type SnapshotSource = (since: number | null) => Snapshot

const paceMs = 1_000

/** Changes that come together are told together. */
const gatherMs = 50
const mostListeners = 32

/** Bytes a listener may leave unread before it misses snapshots. */
const mostUnread = 1024 * 1024

/** Everybody who listens. There is no timer while nobody does. */
export class EventStream implements Endpoint {
  readonly isOpen = false
  readonly #source: SnapshotSource
  /** Up to where each has been told. */
  readonly #listeners = new Map<ServerResponse, number>()
  #timer: NodeJS.Timeout | undefined
  #hurry: NodeJS.Timeout | undefined

  constructor(source: SnapshotSource) {
    this.#source = source
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#listeners.size >= mostListeners)
      return answerText(response, 503, `${mostListeners} are listening already.`)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (request.method === 'HEAD') return void response.end()
    response.once('close', () => this.#leave(response))
    this.#listeners.set(response, 0)
    this.#tell(response, this.#source(null))
    this.#timer ??= setInterval(() => this.#tick(), paceMs).unref()
  }

  /** Something happened that nobody should have to wait for. */
  changed(): void {
    if (this.#listeners.size === 0 || this.#hurry !== undefined) return
    this.#hurry = setTimeout(() => {
      this.#hurry = undefined
      this.#tick()
    }, gatherMs).unref()
  }

  #tick(): void {
    const made = new Map<number, Snapshot>()
    for (const [response, since] of this.#listeners) {
      if (response.writableLength > mostUnread) continue
      const snapshot = made.get(since) ?? this.#source(since)
      made.set(since, snapshot)
      this.#tell(response, snapshot)
    }
  }

  #tell(response: ServerResponse, snapshot: Snapshot): void {
    this.#listeners.set(response, snapshot.seconds_until)
    response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`)
  }

  #leave(response: ServerResponse): void {
    this.#listeners.delete(response)
    if (this.#listeners.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
