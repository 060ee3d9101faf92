/** The connection to `/events`: one snapshot per second; the first one of a connection is complete. */

import type { Snapshot } from '../snapshot.ts'

/** How the connection is. */
export type FeedState = 'connecting' | 'live' | 'lost' | 'paused'

/** Milliseconds until a refused connection is tried again; a broken one is by the browser itself. */
const retryMs = 3_000

/** Listens while it is open. */
export class Feed {
  readonly #onSnapshot: (snapshot: Snapshot) => void
  readonly #onState: (state: FeedState) => void
  #source: EventSource | null = null
  #retry = 0

  constructor(onSnapshot: (snapshot: Snapshot) => void, onState: (state: FeedState) => void) {
    this.#onSnapshot = onSnapshot
    this.#onState = onState
  }

  open(): void {
    this.#onState('connecting')
    const source = new EventSource('events')
    this.#source = source
    source.addEventListener('snapshot', (event: MessageEvent<string>) => {
      this.#onState('live')
      const snapshot: Snapshot = JSON.parse(event.data)
      this.#onSnapshot(snapshot)
    })
    source.addEventListener('error', () => {
      this.#onState('lost')
      if (source.readyState === EventSource.CLOSED)
        this.#retry = window.setTimeout(() => this.open(), retryMs)
    })
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#source?.close()
    this.#onState('paused')
  }
}
