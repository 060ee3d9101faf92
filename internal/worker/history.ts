import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { Tally } from './tally.ts'
import type { SupervisedWorker, WorkerDeath, WorkerState } from './types.ts'

/** As many deaths of all processes together, and as many changes of state, are told. */
const told = 100

/** One change of a worker's state. The field names are those of `fluxlit status --json`. */
export interface StateChange {
  /** RFC 3339. */
  readonly time: string
  readonly state: WorkerState['kind']
  /** Null when no process belonged to it. */
  readonly generation: number | null
}

/**
 * The one history of a worker of the configuration. It outlives its processes and also the settings it runs with: the
 * worker a reload makes in place of another goes on with it.
 */
export class History {
  readonly #clock: Pick<Clock, 'now' | 'wall'>
  readonly #tallies = new Map<string, Tally>()
  #changes: readonly StateChange[] = []
  #followed: SupervisedWorker | null = null

  constructor(clock: Pick<Clock, 'now' | 'wall'> = systemClock()) {
    this.#clock = clock
  }

  /** What is remembered of one process of it: the worker's own name, or `api.1` of several. */
  tally(process: string): Tally {
    const known = this.#tallies.get(process) ?? new Tally(this.#clock)
    this.#tallies.set(process, known)
    return known
  }

  /** The last 100 of all its processes, also of replicas there are no more; oldest first. */
  get deaths(): readonly WorkerDeath[] {
    const all = [...this.#tallies.values()].flatMap(({ deaths }) => deaths)
    return all.toSorted((one, other) => (one.time < other.time ? -1 : 1)).slice(-told)
  }

  /** How often one of its processes was started after the first time, for whatever reason. */
  get restarts(): number {
    const counts = [...this.#tallies.values()].flatMap(({ restarts }) => Object.values(restarts))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** The last 100 changes of its state, oldest first. */
  get changes(): readonly StateChange[] {
    return this.#changes
  }

  /** From now on the state of `worker` is this worker's state, and that of no other. Idempotent. */
  follow(worker: SupervisedWorker): void {
    if (this.#followed === worker) return
    this.#followed = worker
    if (worker.state.kind !== 'stopped') this.#changed(worker.state)
    worker.onChange((state) => {
      if (this.#followed === worker) this.#changed(state)
    })
  }

  #changed(state: WorkerState): void {
    const change: StateChange = {
      time: new Date(state.since).toISOString(),
      state: state.kind,
      generation: 'generation' in state ? state.generation : null,
    }
    this.#changes = [...this.#changes, change].slice(-told)
  }
}
