import type { Address, Elsewhere, RoutedWorker } from '../config/config.ts'
import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import { Monitor } from './monitor.ts'
import type { ProbeTarget } from './probe.ts'
import { probe } from './probe.ts'
import { Standing } from './standing.ts'
import { streamlitBasePath } from './streamlit-environment.ts'
import { notSpawned } from './problem.ts'
import type { ReplaceOutcome, SupervisedWorker, WorkerDeath, WorkerState } from './types.ts'

/** A worker with a `url`. */
export type ElsewhereWorker = Exclude<RoutedWorker, { kind: 'static' }> & { readonly run: Elsewhere }

/** What it needs besides its configuration. */
export interface ExternalInput {
  readonly clock: Clock
  readonly logger: Logger
  /** `Config.rootPath`. */
  readonly rootPath: string
}

/** A worker run elsewhere: asked whether it answers, never started, stopped or judged for how often it is gone. */
export class ExternalWorker implements SupervisedWorker {
  readonly spawned = false
  readonly lastLines: readonly string[] = []
  readonly replicas: readonly SupervisedWorker[] = []
  readonly deaths: readonly WorkerDeath[] = []
  readonly restarts: Readonly<Record<string, number>> = {}
  readonly usage = null
  readonly #worker: ElsewhereWorker
  readonly #standing: Standing
  readonly #monitor: Monitor
  readonly #logger: Logger
  #everReady = false

  constructor(worker: ElsewhereWorker, input: ExternalInput) {
    this.#worker = worker
    this.#logger = input.logger
    this.#standing = new Standing(input.clock)
    const target = targetOf(worker, input.rootPath)
    this.#monitor = new Monitor(
      {
        ready: worker.ready,
        clock: input.clock,
        ask: (timeoutMs) => probe({ ...target, timeoutMs }),
        onAnswered: () => this.#answered(),
        onUnanswered: (reason) => this.#unanswered(reason),
      },
      null,
    )
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

  get addresses(): readonly Address[] {
    const { state } = this
    const answers = state.kind === 'ready' || state.kind === 'unhealthy'
    return answers && state.address !== null ? [state.address] : []
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
    this.#monitor.startNow()
  }

  /** It is asked for as long as the gateway runs anyway. */
  keepTrying(): void {}

  replace(): Promise<ReplaceOutcome> {
    return Promise.resolve({ ok: false, problem: notSpawned(this.#worker) })
  }

  close(): Promise<void> {
    this.destroy()
    return Promise.resolve()
  }

  destroy(): void {
    this.#monitor.stop()
    if (this.state.kind !== 'stopped') this.#standing.apply({ kind: 'stop' })
  }

  #answered(): void {
    this.#everReady = true
    this.#logger.info({ worker: this.name }, 'worker ready')
    this.#standing.apply({ kind: 'answered', pid: null, address: this.#worker.run.address })
  }

  #unanswered(reason: string): void {
    this.#logger.warn({ worker: this.name, reason }, 'worker does not answer')
    // One that never answered is not ill, it is not there yet.
    if (this.state.kind === 'ready') this.#standing.apply({ kind: 'unanswered', reason })
  }
}

function targetOf(worker: ElsewhereWorker, rootPath: string): ProbeTarget {
  const { path, probeTimeoutMs: timeoutMs } = worker.ready
  const { address, basePath } = worker.run
  // The same prefix its requests carry.
  const base = basePath + (worker.kind === 'streamlit' ? streamlitBasePath(worker, rootPath) : '')
  const below = base === '' || path === base || path.startsWith(`${base}/`) ? path : base + path
  return { kind: worker.kind === 'streamlit' ? 'streamlit' : 'http', address, path: below, timeoutMs }
}
