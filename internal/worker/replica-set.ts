import type { Address, WorkerConfig } from '../config/config.ts'
import type {
  ReplaceOutcome,
  ReplaceRequest,
  SupervisedWorker,
  Usage,
  WorkerDeath,
  WorkerState,
} from './types.ts'

type Listener = (state: WorkerState, previous: WorkerState) => void

/** As many deaths of all replicas together are told. */
const toldDeaths = 100

/** The state of the whole is the first of these that any replica is in: one that answers is enough. */
const rank: readonly WorkerState['kind'][] = [
  'ready',
  'unhealthy',
  'starting',
  'backing-off',
  'failed',
  'draining',
  'stopped',
]

/**
 * One worker of several equal processes, `api.1` to `api.N`. The first one is started alone and the others when it
 * has become ready: what cannot start is told once, and its `before_start` has run before any other needs it.
 */
export class ReplicaSet implements SupervisedWorker {
  readonly spawned = true
  readonly replicas: readonly SupervisedWorker[]
  readonly #worker: Pick<WorkerConfig, 'name' | 'required'>
  readonly #first: SupervisedWorker
  readonly #listeners: Listener[] = []
  #state: WorkerState
  #isClosing = false

  /** @param replicas at least one, none started yet */
  constructor(worker: Pick<WorkerConfig, 'name' | 'required'>, replicas: readonly SupervisedWorker[]) {
    const [first] = replicas
    if (first === undefined) throw new Error(`worker ${worker.name} has no replica`)
    this.#worker = worker
    this.replicas = replicas
    this.#first = first
    this.#state = first.state
    for (const replica of replicas) replica.onChange(() => this.#follow())
  }

  get name(): string {
    return this.#worker.name
  }

  get required(): boolean {
    return this.#worker.required
  }

  get state(): WorkerState {
    return this.#state
  }

  get everReady(): boolean {
    return this.replicas.some(({ everReady }) => everReady)
  }

  /** Of the ready ones; of those that do not answer only while nobody does. */
  get addresses(): readonly Address[] {
    const answering = this.replicas.filter(({ state }) => state.kind === this.#state.kind)
    return answering.flatMap(({ addresses }) => addresses)
  }

  /** Those of the replica that is worst off. */
  get lastLines(): readonly string[] {
    return this.replicas.toSorted((one, other) => rankOf(other) - rankOf(one))[0]?.lastLines ?? []
  }

  get deaths(): readonly WorkerDeath[] {
    const all = this.replicas.flatMap(({ deaths }) => deaths)
    return all.toSorted((one, other) => (one.time < other.time ? -1 : 1)).slice(-toldDeaths)
  }

  get restarts(): Readonly<Record<string, number>> {
    const sum: Record<string, number> = {}
    for (const { restarts } of this.replicas)
      for (const [reason, count] of Object.entries(restarts)) sum[reason] = (sum[reason] ?? 0) + count
    return sum
  }

  get usage(): Usage | null {
    const known = this.replicas.map(({ usage }) => usage).filter((usage) => usage !== null)
    if (known.length === 0) return null
    return {
      memoryBytes: known.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      cpuSeconds: known.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    }
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#first.start()
  }

  keepTrying(): void {
    for (const replica of this.replicas) replica.keepTrying()
  }

  /** One replica after the other; the first that cannot be replaced ends it, so that a bad change stays with one. */
  async replace(request: ReplaceRequest): Promise<ReplaceOutcome> {
    let last: ReplaceOutcome | null = null
    for (const [index, replica] of this.replicas.entries()) {
      const isIdle = replica.state.kind === 'stopped' && !this.#isClosing
      // One that is started only now, because the first has just become ready, starts with what there is now.
      if (isIdle && index > 0) continue
      const outcome = await replica.replace(request)
      if (!outcome.ok) return index === 0 ? outcome : this.#halted(outcome, index)
      last ??= outcome
    }
    return last ?? this.#first.replace(request)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.replicas.map((replica) => replica.close()))
  }

  destroy(): void {
    this.#isClosing = true
    for (const replica of this.replicas) replica.destroy()
  }

  #halted(outcome: ReplaceOutcome & { readonly ok: false }, index: number): ReplaceOutcome {
    const { problem } = outcome
    const done = `${index} of ${this.replicas.length} replicas of ${this.name} were replaced`
    return { ok: false, problem: { ...problem, message: `${done}; ${problem.message}` } }
  }

  // Every change of a replica is told, because the list of addresses may have changed with it.
  #follow(): void {
    const previous = this.#state
    this.#state = this.#combined()
    for (const listener of this.#listeners) listener(this.#state, previous)
    if (this.#first.state.kind === 'ready') this.#startOthers()
  }

  #startOthers(): void {
    if (this.#isClosing) return
    for (const replica of this.replicas) if (replica.state.kind === 'stopped') replica.start()
  }

  // A replica that was never started says nothing about the others.
  #combined(): WorkerState {
    const known = this.replicas.filter(
      (replica) => replica === this.#first || this.#isClosing || replica.state.kind !== 'stopped',
    )
    const [best = this.#first] = known.toSorted((one, other) => rankOf(one) - rankOf(other))
    return best.state
  }
}

function rankOf({ state }: SupervisedWorker): number {
  return rank.indexOf(state.kind)
}
