import type { Address, RestartPolicy } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import { isCleanStop } from './exit.ts'
import { Live } from './live.ts'
import { Standing } from './standing.ts'
import type { Failure, StartedProcess, StarterInput } from './starter.ts'
import { Starter } from './starter.ts'
import { Tally } from './tally.ts'
import { Trial } from './trial.ts'
import { Turns } from './turns.ts'
import type {
  ExitReason,
  ReplaceOutcome,
  ReplaceRequest,
  SupervisedWorker,
  Usage,
  WorkerDeath,
  WorkerState,
} from './types.ts'
import { watchesOf } from './watches.ts'

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
}

/**
 * A worker that is a child process: which generation serves, and the decision what follows its end. When it was
 * never ready it has failed after `boot_attempts`, or at once when trying again is pointless; afterwards every death
 * is backed off from, and too many of them are a failure too.
 */
export class SpawnedWorker implements SupervisedWorker {
  readonly spawned = true
  readonly replicas: readonly SupervisedWorker[] = []
  readonly #input: SpawnedInput
  readonly #standing: Standing
  readonly #backoff: Backoff
  readonly #starter: Starter
  readonly #tally: Tally
  readonly #replacements = new Turns((request: ReplaceRequest) => this.#replace(request))
  readonly #closed = Promise.withResolvers<void>()
  #serving: Live | null = null
  /** Number of the generation that is started beside the serving one. */
  #successor: number | null = null
  #trial: Trial | null = null
  #isDestroyed = false
  #everReady = false
  #keepsTrying = false
  #lastLines: readonly string[] = []
  /** Processes that have answered and have not ended. */
  readonly #lives = new Set<Live>()
  #spentCpuSeconds = 0
  #cancelWait: (() => void) | undefined
  #running: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(input: SpawnedInput) {
    this.#input = input
    this.#standing = new Standing(input.clock)
    this.#backoff = new Backoff(input.policy, input.clock)
    this.#starter = new Starter(input)
    this.#tally = new Tally(input.clock)
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
    return this.#everReady
  }

  get lastLines(): readonly string[] {
    const generation = this.#serving?.process.generation ?? this.#starter.newest
    return generation?.lastLines ?? this.#lastLines
  }

  get deaths(): readonly WorkerDeath[] {
    return this.#tally.deaths
  }

  get restarts(): Readonly<Record<string, number>> {
    return this.#tally.restarts
  }

  get usage(): Usage | null {
    const usage = this.#serving?.usage ?? null
    if (usage === null) return null
    const running = [...this.#lives].reduce((sum, live) => sum + (live.usage?.cpuSeconds ?? 0), 0)
    return { memoryBytes: usage.memoryBytes, cpuSeconds: this.#spentCpuSeconds + running }
  }

  onChange(listener: (state: WorkerState, previous: WorkerState) => void): void {
    this.#standing.onChange(listener)
  }

  start(): void {
    if (this.state.kind === 'stopped' && this.#closing === undefined) void this.#begin(1)
  }

  keepTrying(): void {
    if (this.#keepsTrying || this.#isClosing) return
    this.#keepsTrying = true
    const { state } = this
    if (state.kind !== 'failed' || state.retrying || this.#everReady) return
    this.#standing.apply({ kind: 'give-up', reason: state.reason, retrying: true })
    this.#later(this.#input.policy.backoffMaxMs, this.#input.policy.bootAttempts, 'boot')
  }

  replace(request: ReplaceRequest): Promise<ReplaceOutcome> {
    return this.#replacements.take(request)
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

  get #isClosing(): boolean {
    return this.#closing !== undefined
  }

  async #close(): Promise<void> {
    this.#closed.resolve()
    this.#cancelWait?.()
    this.#serving?.unwatch()
    this.#trial?.end(null)
    const { kind } = this.state
    if (kind === 'starting' || kind === 'ready' || kind === 'unhealthy')
      this.#standing.apply({ kind: 'drain' })
    const { obeyed } = await this.#starter.close()
    if (!obeyed && !this.#isDestroyed) this.#tellKilled()
    await this.#running
    await this.#replacements.idle()
    if (this.state.kind !== 'stopped') this.#standing.apply({ kind: 'stop' })
  }

  #tellKilled(): void {
    this.#input.logger.warn({ worker: this.name }, 'worker did not stop in time and was killed')
  }

  // -- starting, serving, ending ----------------------------------------------------------------------------

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
    if (this.#isClosing || outcome.kind === 'given-up') return this.#givenUp()
    if (outcome.kind === 'ready') {
      this.#serve(outcome.process)
      return { ok: true, generation: outcome.process.number }
    }
    this.#bootFailed(outcome, attempt)
    return { ok: false, problem: outcome.problem }
  }

  #serve(process: StartedProcess): Live {
    const { pid, address, exited } = process.generation
    const live = new Live(process)
    this.#lives.add(live)
    this.#serving = live
    this.#everReady = true
    this.#backoff.readied()
    this.#input.logger.info({ worker: this.name, generation: process.number, pid }, 'worker ready')
    if (this.state.kind === 'starting') this.#standing.apply({ kind: 'answered', pid, address })
    else this.#standing.apply({ kind: 'switch', generation: process.number, pid, address })
    this.#watch(live)
    void exited.then((reason) => this.#ended(live, reason))
    return live
  }

  #ended(live: Live, reason: ExitReason): void {
    live.unwatch()
    this.#lives.delete(live)
    this.#spentCpuSeconds += live.usage?.cpuSeconds ?? 0
    this.#lastLines = live.process.generation.lastLines
    if (this.#isClosing) return
    this.#trial?.lost(live)
    if (live !== this.#serving) return
    this.#serving = null
    const problem = live.problem(reason, this.name, this.#input.worker.where)
    const planned = isCleanStop(reason) && this.#isRecycled()
    if (!planned) this.#tally.died(live.process, problem)
    if (live.hung) this.#tellHang(live, problem)
    this.#follow(live, problem, planned)
  }

  // Who serves after the one that did has ended.
  #follow(live: Live, problem: Problem, planned: boolean): void {
    const trial = this.#trial
    if (trial?.live === live) {
      this.#trial = null
      trial.end(problem)
      if (trial.previous !== null) {
        this.#return(trial.previous)
        return
      }
    }
    if (this.#successor !== null) {
      this.#standing.apply({ kind: 'spawn', generation: this.#successor, attempt: 1 })
      return
    }
    this.#backOff(problem, planned ? 'planned' : live.hung ? 'hang' : 'crash')
  }

  #return(previous: Live): void {
    const { number, generation } = previous.process
    this.#serving = previous
    this.#standing.apply({
      kind: 'switch',
      generation: number,
      pid: generation.pid,
      address: generation.address,
    })
    this.#watch(previous)
  }

  // -- watching ---------------------------------------------------------------------------------------------

  #watch(live: Live): void {
    const { generation } = live.process
    const { pid, address } = generation
    const watches = watchesOf(live, {
      ...this.#input,
      onAnswered: () => this.#standing.apply({ kind: 'answered', pid, address }),
      onUnanswered: (reason) => this.#unanswered(reason),
      onSilent: () => void this.#suspect(live),
      onExpired: (reason) => {
        if (!this.#replacements.isBusy) void this.replace({ reason })
      },
    })
    live.watch(...watches)
  }

  #unanswered(reason: string): void {
    this.#input.logger.warn({ worker: this.name, reason }, 'worker does not answer')
    this.#standing.apply({ kind: 'unanswered', reason })
  }

  async #suspect(live: Live): Promise<void> {
    const { worker, endsHangs } = this.#input
    // Streamlit runs scripts in threads and answers all the time; a command may have its reasons.
    if (!endsHangs || worker.kind !== 'uvicorn' || live.hung) return
    // With every thread taken the application does not answer either, and goes on as soon as one is free.
    const isBusy = await live.process.generation.reacts(worker.ready.probeTimeoutMs)
    if (live !== this.#serving || this.#isClosing || this.state.kind !== 'unhealthy') return
    if (!isBusy) live.abort()
  }

  #tellHang(live: Live, problem: Problem): void {
    const stack = live.process.generation.stuckAt?.stack
    this.#input.logger.error(
      {
        worker: this.name,
        code: problem.code,
        generation: live.number,
        ...(stack === undefined ? {} : { stack: stack.join('\n') }),
      },
      `worker hangs: ${problem.message}`,
    )
  }

  // -- replacing --------------------------------------------------------------------------------------------

  async #replace(request: ReplaceRequest): Promise<ReplaceOutcome> {
    if (this.#isClosing) return this.#givenUp()
    if (this.state.kind === 'stopped') return { ok: false, problem: this.#notStarted() }
    const { logger } = this.#input
    logger.info({ worker: this.name, reason: request.reason }, 'worker is replaced')
    const say = (line: string): void => request.progress?.(`${this.name}: ${line}`)
    const outcome = await this.#replaceNow(request.reason, say)
    if (outcome.ok) {
      logger.info({ worker: this.name, generation: outcome.generation }, 'worker was replaced')
      return outcome
    }
    const { code, message } = outcome.problem
    logger.error({ worker: this.name, code, reason: message }, 'worker was not replaced')
    return outcome
  }

  async #replaceNow(reason: string, say: (line: string) => void): Promise<ReplaceOutcome> {
    if (this.#serving === null) {
      this.#cancelWait?.()
      // What is being started may have read the code before it changed.
      this.#starter.giveUp()
      await this.#running
      if (this.#isClosing) return this.#givenUp()
    }
    const old = this.#serving
    if (old !== null && this.#input.worker.run.replace === 'overlap') return this.#overlap(reason, say)
    this.#tally.restarted(reason)
    this.#backoff.forget()
    if (old !== null) await this.#stopFirst(old, say)
    if (this.#isClosing) return this.#givenUp()
    say('starting')
    return this.#begin(1)
  }

  async #overlap(reason: string, say: (line: string) => void): Promise<ReplaceOutcome> {
    const outcome = await this.#starter.start((generation) => {
      this.#successor = generation
      say(`generation ${generation} is starting`)
      if (this.#serving === null) this.#standing.apply({ kind: 'spawn', generation, attempt: 1 })
    })
    this.#successor = null
    if (this.#isClosing || outcome.kind === 'given-up') return this.#givenUp()
    if (outcome.kind === 'failed') return this.#notReplaced(outcome, say)
    this.#tally.restarted(reason)
    this.#backoff.forget()
    return this.#succeed(outcome.process, say)
  }

  #notReplaced(failure: Failure, say: (line: string) => void): ReplaceOutcome {
    if (this.#serving === null) {
      this.#bootFailed(failure, 1)
    } else {
      if (failure.process !== null) this.#tally.died(failure.process, failure.problem)
      say(`the new generation failed, generation ${this.#serving.number} goes on`)
    }
    return { ok: false, problem: failure.problem }
  }

  async #succeed(process: StartedProcess, say: (line: string) => void): Promise<ReplaceOutcome> {
    const { clock, probationMs } = this.#input
    const previous = this.#serving
    previous?.unwatch()
    const live = this.#serve(process)
    say(`generation ${live.number} is ready`)
    if (previous === null) return { ok: true, generation: live.number }
    const trial = new Trial({ live, previous, ms: probationMs, clock })
    this.#trial = trial
    const problem = await trial.over
    this.#trial = null
    if (problem !== null) {
      say(`generation ${live.number} ended, back to what was before`)
      return { ok: false, problem }
    }
    if (trial.previous !== null) await this.#retire(trial.previous, say)
    return this.#isClosing ? this.#givenUp() : { ok: true, generation: live.number }
  }

  async #stopFirst(old: Live, say: (line: string) => void): Promise<void> {
    this.#serving = null
    old.unwatch()
    // Requests wait from now on.
    this.#standing.apply({ kind: 'spawn', generation: this.#starter.next, attempt: 1 })
    await this.#retire(old, say)
  }

  async #retire(old: Live, say: (line: string) => void): Promise<void> {
    const { generation } = old.process
    const { address } = generation
    if (address !== null) await Promise.race([this.#input.retire(address), this.#closed.promise])
    const { obeyed } = await generation.stop()
    if (!obeyed && !this.#isClosing) this.#tellKilled()
    say(`generation ${old.number} has ended`)
  }

  #notStarted(): Problem {
    const { where } = this.#input.worker
    return { code: 'worker_not_started', message: `worker ${this.name} has not been started yet`, where }
  }

  #givenUp(): ReplaceOutcome {
    const { where } = this.#input.worker
    const message = `worker ${this.name} is being stopped`
    return { ok: false, problem: { code: 'worker_stopping', message, where } }
  }

  // -- starting again ---------------------------------------------------------------------------------------

  #bootFailed({ problem, permanent, process }: Failure, attempt: number): void {
    if (process !== null) {
      this.#tally.died(process, problem)
      this.#lastLines = process.generation.lastLines
    }
    if (this.#everReady) {
      this.#backOff(problem, 'boot')
      return
    }
    const { bootAttempts, backoffMaxMs } = this.#input.policy
    if (permanent || attempt >= bootAttempts) {
      this.#giveUp(problem, this.#keepsTrying, 'boot')
      return
    }
    const { delayMs } = this.#backoff.died()
    this.#wait(problem, Math.min(delayMs, backoffMaxMs), attempt + 1, 'boot')
  }

  // Uvicorn ends by itself after so many requests, because it was told to.
  #isRecycled(): boolean {
    return this.#input.worker.run.args.some((word) => word.startsWith('--limit-max-requests'))
  }

  #backOff(problem: Problem, reason: 'boot' | 'crash' | 'hang' | 'planned'): void {
    const { delayMs, deaths, looping } = this.#backoff.died(reason === 'planned')
    if (!looping) {
      this.#wait(problem, delayMs, 1, reason)
      return
    }
    const message = `worker ${this.name} died ${deaths} times in a short time; ${problem.message}`
    const retrying = this.#input.worker.run.onFailure === 'keep'
    this.#giveUp({ ...problem, code: 'worker_crash_loop', message }, retrying, reason)
  }

  #wait(last: Problem, delayMs: number, attempt: number, reason: string): void {
    this.#input.logger.warn(
      { worker: this.name, code: last.code, reason: last.message, delay_ms: Math.round(delayMs) },
      'worker ended, will be started again',
    )
    this.#standing.apply({ kind: 'back-off', attempt, delayMs, last })
    this.#later(delayMs, attempt, reason)
  }

  #giveUp(problem: Problem, retrying: boolean, reason: string): void {
    const { backoffMaxMs, bootAttempts } = this.#input.policy
    const { code, message } = problem
    const delay = retrying ? { delay_ms: backoffMaxMs } : {}
    this.#input.logger.error({ worker: this.name, code, reason: message, ...delay }, 'worker failed')
    this.#standing.apply({ kind: 'give-up', reason: problem, retrying })
    if (retrying) this.#later(backoffMaxMs, bootAttempts, reason)
  }

  #later(delayMs: number, attempt: number, reason: string): void {
    if (this.#isClosing) return
    this.#cancelWait = this.#input.clock.after(delayMs, () => {
      this.#tally.restarted(reason)
      void this.#begin(attempt)
    })
  }
}
