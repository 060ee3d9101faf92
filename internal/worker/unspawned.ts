import type { Address, WorkerConfig } from '../config/config.ts'
import type { Clock } from './clock.ts'
import { notSpawned } from './problem.ts'
import { Standing } from './standing.ts'
import type { ReplaceOutcome, SupervisedWorker, WorkerDeath, WorkerState } from './types.ts'

/**
 * A worker without a process of the gateway: nothing of it dies, is measured or replaced. What makes it ready is the
 * business of those that extend it.
 */
export abstract class Unspawned implements SupervisedWorker {
  readonly spawned = false
  readonly lastLines: readonly string[] = []
  readonly replicas: readonly SupervisedWorker[] = []
  readonly deaths: readonly WorkerDeath[] = []
  readonly restarts: Readonly<Record<string, number>> = {}
  readonly usage = null
  protected readonly standing: Standing
  readonly #config: Pick<WorkerConfig, 'name' | 'required' | 'where'>
  #everReady = false

  constructor(config: Pick<WorkerConfig, 'name' | 'required' | 'where'>, clock: Pick<Clock, 'wall'>) {
    this.#config = config
    this.standing = new Standing(clock)
  }

  get name(): string {
    return this.#config.name
  }

  get required(): boolean {
    return this.#config.required
  }

  get state(): WorkerState {
    return this.standing.state
  }

  get addresses(): readonly Address[] {
    const { state } = this
    return state.kind === 'ready' && state.address !== null ? [state.address] : []
  }

  get everReady(): boolean {
    return this.#everReady
  }

  onChange(listener: (state: WorkerState, previous: WorkerState) => void): void {
    this.standing.onChange(listener)
  }

  start(): void {
    if (this.state.kind !== 'stopped') return
    this.standing.apply({ kind: 'spawn', generation: 1, attempt: 1 })
    this.begin()
  }

  /** It is never given up anyway. */
  keepTrying(): void {}

  replace(): Promise<ReplaceOutcome> {
    return Promise.resolve({ ok: false, problem: notSpawned(this.#config) })
  }

  close(): Promise<void> {
    this.destroy()
    return Promise.resolve()
  }

  destroy(): void {
    this.end()
    if (this.state.kind !== 'stopped') this.standing.apply({ kind: 'stop' })
  }

  /** It answers from now on. @param address where requests go; null when the gateway answers them itself */
  protected answers(address: Address | null): void {
    this.#everReady = true
    this.standing.apply({ kind: 'answered', pid: null, address })
  }

  /** It has been started. */
  protected abstract begin(): void

  /** It is wanted no more. Called as often as it is said. */
  protected abstract end(): void
}
