import type { Clock } from './clock.ts'
import type { WorkerEvent } from './state.ts'
import { initialState, transition } from './state.ts'
import type { WorkerState } from './types.ts'

type Untimed<Event> = Event extends WorkerEvent ? Omit<Event, 'at'> : never
type Listener = (state: WorkerState, previous: WorkerState) => void

/** The state of one worker and those who want to know of its changes. */
export class Standing {
  readonly #clock: Pick<Clock, 'wall'>
  readonly #listeners: Listener[] = []
  #state: WorkerState
  #untold: (readonly [state: WorkerState, previous: WorkerState])[] = []
  #isTelling = false

  constructor(clock: Pick<Clock, 'wall'>) {
    this.#clock = clock
    this.#state = initialState(clock.wall())
  }

  get state(): WorkerState {
    return this.#state
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** @throws Error for an event that cannot happen in this state */
  apply(event: Untimed<WorkerEvent>): void {
    const previous = this.#state
    this.#state = transition(previous, { ...event, at: this.#clock.wall() })
    this.#untold.push([this.#state, previous])
    if (!this.#isTelling) this.#tell()
  }

  // A listener may cause the next change; everybody still hears of all changes in their order.
  #tell(): void {
    this.#isTelling = true
    try {
      for (let change = this.#untold.shift(); change !== undefined; change = this.#untold.shift()) {
        for (const listener of this.#listeners) listener(...change)
      }
    } finally {
      this.#isTelling = false
    }
  }
}
