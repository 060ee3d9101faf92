import type { Address, RestartPolicy } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import { stopping } from './problem.ts'
import { Recovery } from './recovery.ts'
import { Service } from './service.ts'
import type { LossCause } from './service.ts'
import type { Live } from './live.ts'
import { Standing } from './standing.ts'
import type { StarterInput } from './starter.ts'
import { Starter } from './starter.ts'
import { killed, Succession } from './succession.ts'
import { Tally } from './tally.ts'
import type {
  ReplaceOutcome,
  ReplaceRequest,
  SupervisedWorker,
  Usage,
  WorkerDeath,
  WorkerState,
} from './types.ts'

/** What a spawned worker needs; tests replace the launch and the clock. */
export interface SpawnedInput extends Pick<StarterInput, 'launch'> {
  readonly worker: ChildWorker
  readonly policy: RestartPolicy
  readonly clock: Clock
  readonly logger: Logger
  /** Whether a process that does not answer at all is ended. Not in development: it may stand in a debugger. */
  readonly endsHangs: boolean
  /** How long a new generation has to live before the old one is stopped, in milliseconds. */
  readonly probationMs: number
  /** Resolves when nothing is in flight to an address that is not routed to any more. Never rejects. */
  retire(address: Address): Promise<void>
  /** What a process uses now; null = cannot be read. */
  readonly measure: (pid: number) => Promise<Usage | null>
  /** What a worker of this name has been through before; left out = nothing. */
  readonly tally?: Tally
}

/**
 * A worker that is a child process, put together from who starts its generations (`Starter`), which of them serves
 * (`Service`), how one succeeds another (`Succession`) and what follows when none serves (`Recovery`).
 */
export class SpawnedWorker implements SupervisedWorker {
  readonly spawned = true
  readonly replicas: readonly SupervisedWorker[] = []
  readonly #input: SpawnedInput
  readonly #standing: Standing
  readonly #tally: Tally
  readonly #starter: Starter
  readonly #recovery: Recovery
  readonly #service: Service
  readonly #succession: Succession
  /** Whether a worker of this name ran before, with other settings, and this one has not been ready yet. */
  #isNew: boolean
  #isDestroyed = false
  #running: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(input: SpawnedInput) {
    const { clock, tally = new Tally(clock) } = input
    const standing = new Standing(clock)
    const parts = { ...input, standing, tally }
    this.#input = input
    this.#standing = standing
    this.#tally = tally
    this.#isNew = tally.generations > 0
    this.#starter = new Starter(input, tally)
    this.#recovery = new Recovery({ ...parts, begin: (attempt) => void this.#begin(attempt) })
    this.#service = new Service({
      ...parts,
      onServing: () => this.#serving(),
      onExpired: (reason) => {
        if (!this.#succession.isBusy) void this.replace({ reason })
      },
      onEnded: (live) => this.#succession.ended(live),
      onLost: (live, problem, cause) => this.#lost(live, problem, cause),
    })
    this.#succession = new Succession({
      ...parts,
      starter: this.#starter,
      service: this.#service,
      recovery: this.#recovery,
      retire: (address) => input.retire(address),
      begin: () => this.#begin(1),
      begun: () => this.#running,
    })
  }

  get name(): string {
    return this.#input.worker.name
  }

  get required(): boolean {
    return this.#input.worker.required
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
    return this.#tally.everReady
  }

  get lastLines(): readonly string[] {
    return this.#service.current?.process.generation.lastLines ?? this.#starter.lastLines
  }

  get deaths(): readonly WorkerDeath[] {
    return this.#tally.deaths
  }

  get restarts(): Readonly<Record<string, number>> {
    return this.#tally.restarts
  }

  get usage(): Usage | null {
    return this.#service.usage
  }

  onChange(listener: (state: WorkerState, previous: WorkerState) => void): void {
    this.#standing.onChange(listener)
  }

  start(): void {
    if (this.state.kind === 'stopped' && this.#closing === undefined) void this.#begin(1)
  }

  keepTrying(): void {
    this.#recovery.keepTrying()
  }

  replace(request: ReplaceRequest): Promise<ReplaceOutcome> {
    return this.#succession.replace(request)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  destroy(): void {
    this.#isDestroyed = true
    this.#closing ??= this.#close()
    this.#starter.destroy()
  }

  async #close(): Promise<void> {
    const { kind } = this.state
    this.#recovery.close()
    this.#service.close()
    this.#succession.close()
    if (kind === 'starting' || kind === 'ready' || kind === 'unhealthy')
      this.#standing.apply({ kind: 'drain' })
    const { obeyed } = await this.#starter.close()
    if (!obeyed && !this.#isDestroyed) this.#input.logger.warn({ worker: this.name }, killed)
    await this.#running
    await this.#succession.idle()
    if (this.state.kind !== 'stopped') this.#standing.apply({ kind: 'stop' })
  }

  #begin(attempt: number): Promise<ReplaceOutcome> {
    const running = this.#run(attempt)
    this.#running = running
    return running
  }

  // One start; what follows its end is decided when that comes.
  async #run(attempt: number): Promise<ReplaceOutcome> {
    const outcome = await this.#starter.start((generation) =>
      this.#standing.apply({ kind: 'spawn', generation, attempt }),
    )
    if (this.#closing !== undefined || outcome.kind === 'given-up')
      return { ok: false, problem: stopping(this.#input.worker) }
    if (outcome.kind === 'ready') {
      this.#service.take(outcome.process)
      return { ok: true, generation: outcome.process.number }
    }
    this.#recovery.bootFailed(outcome, attempt)
    return { ok: false, problem: outcome.problem }
  }

  #serving(): void {
    this.#recovery.readied()
    if (this.#isNew) this.#tally.restarted('reload')
    this.#isNew = false
  }

  #lost(live: Live, problem: Problem, cause: LossCause): void {
    if (!this.#succession.follows(live, problem)) this.#recovery.lost(problem, cause)
  }
}
