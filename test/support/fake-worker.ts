import type { Address } from '../../internal/config/config.ts'
import type { Worker, WorkerState } from '../../internal/worker/types.ts'

type Listener = (state: WorkerState, previous: WorkerState) => void

/** A worker that is in whatever state the test says; the calls made on it are kept. */
export class FakeWorker implements Worker {
  readonly name: string
  readonly required: boolean
  spawned = true
  gaveUp = false
  everReady = false
  /** `start`, `close`, `destroy`, in the order they were called. */
  readonly calls: string[] = []
  #state: WorkerState = { kind: 'starting', generation: 1, attempt: 1, since: 0 }
  readonly #listeners: Listener[] = []

  constructor(name: string, required = true) {
    this.name = name
    this.required = required
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Changes the state and tells everyone, as a real worker does. */
  become(state: WorkerState): void {
    const previous = this.#state
    this.#state = state
    if (state.kind === 'ready') this.everReady = true
    for (const listener of this.#listeners) listener(state, previous)
  }

  /** Ready at `address`; a new generation each time. */
  ready(address: Address | null): this {
    const generation = 'generation' in this.#state ? this.#state.generation + 1 : 1
    this.become({ kind: 'ready', generation, pid: null, address, since: 0 })
    return this
  }

  /** Starting again after it was ready, or for the first time. */
  starting(): this {
    this.become({ kind: 'starting', generation: 1, attempt: 1, since: 0 })
    return this
  }

  start(): void {
    this.calls.push('start')
  }

  close(): Promise<void> {
    this.calls.push('close')
    return Promise.resolve()
  }

  destroy(): void {
    this.calls.push('destroy')
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener)
  }
}
