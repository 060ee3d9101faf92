import type { Address, StaticWorker } from '../config/config.ts'
import type { Clock } from './clock.ts'
import { notSpawned } from './problem.ts'
import { Standing } from './standing.ts'
import type { ReplaceOutcome, SupervisedWorker, WorkerDeath, WorkerState } from './types.ts'

/** Files the gateway answers itself: ready from the start to the end. */
export class StaticFiles implements SupervisedWorker {
  readonly spawned = false
  readonly lastLines: readonly string[] = []
  readonly addresses: readonly Address[] = []
  readonly replicas: readonly SupervisedWorker[] = []
  readonly deaths: readonly WorkerDeath[] = []
  readonly restarts: Readonly<Record<string, number>> = {}
  readonly usage = null
  readonly #worker: StaticWorker
  readonly #standing: Standing
  #everReady = false

  constructor(worker: StaticWorker, clock: Clock) {
    this.#worker = worker
    this.#standing = new Standing(clock)
  }

  get name(): string {
    return this.#worker.name
  }

  get required(): boolean {
    return this.#worker.required
  }

  get state(): WorkerState {
    return this.#standing.state
  }

  get everReady(): boolean {
    return this.#everReady
  }

  onChange(listener: (state: WorkerState, previous: WorkerState) => void): void {
    this.#standing.onChange(listener)
  }

  start(): void {
    if (this.state.kind !== 'stopped') return
    this.#standing.apply({ kind: 'spawn', generation: 1, attempt: 1 })
    this.#everReady = true
    this.#standing.apply({ kind: 'answered', pid: null, address: null })
  }

  /** Files never fail. */
  keepTrying(): void {}

  replace(): Promise<ReplaceOutcome> {
    return Promise.resolve({ ok: false, problem: notSpawned(this.#worker) })
  }

  close(): Promise<void> {
    this.destroy()
    return Promise.resolve()
  }

  destroy(): void {
    if (this.state.kind !== 'stopped') this.#standing.apply({ kind: 'stop' })
  }
}
