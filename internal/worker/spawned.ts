import type { RestartPolicy } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import { isCleanStop } from './exit.ts'
import type { BootOutcome, Generation } from './generation.ts'
import { Monitor } from './monitor.ts'
import { isProblem } from './problem.ts'
import { Standing } from './standing.ts'
import type { ExitReason, SupervisedWorker, WorkerState } from './types.ts'

/** What a spawned worker needs; tests replace the launch and the clock. */
export interface SpawnedInput {
  readonly worker: ChildWorker
  readonly policy: RestartPolicy
  readonly clock: Clock
  readonly logger: Logger
  /** Starts the process of a generation, or says why it cannot be started at all. */
  launch(generation: number): Promise<Generation | Problem>
}

type Failure = Extract<BootOutcome, { kind: 'failed' }>

/** How many times in a row another port is tried without counting it as a failed start. */
const freeRetries = 1

/**
 * A worker that is a child process: one generation at a time, and the decision what follows its end. When it was
 * never ready it has failed after `boot_attempts`, or at once when trying again is pointless; afterwards every death
 * is backed off from, and too many of them are a failure too.
 */
export class SpawnedWorker implements SupervisedWorker {
  readonly spawned = true
  readonly #input: SpawnedInput
  readonly #standing: Standing
  readonly #backoff: Backoff
  #generation: Generation | null = null
  #monitor: Monitor | null = null
  #isDestroyed = false
  #number = 0
  #everReady = false
  #keepsTrying = false
  #lastLines: readonly string[] = []
  #cancelWait: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(input: SpawnedInput) {
    this.#input = input
    this.#standing = new Standing(input.clock)
    this.#backoff = new Backoff(input.policy, input.clock)
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

  get everReady(): boolean {
    return this.#everReady
  }

  get lastLines(): readonly string[] {
    return this.#generation?.lastLines ?? this.#lastLines
  }

  onChange(listener: (state: WorkerState, previous: WorkerState) => void): void {
    this.#standing.onChange(listener)
  }

  start(): void {
    if (this.state.kind === 'stopped' && this.#closing === undefined) this.#begin(1)
  }

  keepTrying(): void {
    if (this.#keepsTrying || this.#isClosing) return
    this.#keepsTrying = true
    const { state } = this
    if (state.kind !== 'failed' || state.retrying || this.#everReady) return
    this.#standing.apply({ kind: 'give-up', reason: state.reason, retrying: true })
    this.#later(this.#input.policy.backoffMaxMs, this.#input.policy.bootAttempts)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  destroy(): void {
    this.#isDestroyed = true
    this.#closing ??= this.#close()
    this.#generation?.destroy()
  }

  async #close(): Promise<void> {
    this.#cancelWait?.()
    this.#monitor?.stop()
    const { kind } = this.state
    if (kind === 'starting' || kind === 'ready' || kind === 'unhealthy')
      this.#standing.apply({ kind: 'drain' })
    const outcome = await this.#generation?.stop()
    if (outcome?.obeyed === false && !this.#isDestroyed) {
      this.#input.logger.warn({ worker: this.name }, 'worker did not stop in time and was killed')
    }
    await this.#running
    if (this.state.kind !== 'stopped') this.#standing.apply({ kind: 'stop' })
  }

  #begin(attempt: number): void {
    this.#running = this.#run(attempt)
  }

  get #isClosing(): boolean {
    return this.#closing !== undefined
  }

  // One start, and all that follows until the next one is due.
  async #run(attempt: number): Promise<void> {
    for (let free = freeRetries; ; free -= 1) {
      this.#number += 1
      this.#standing.apply({ kind: 'spawn', generation: this.#number, attempt })
      const outcome = await this.#boot(this.#number)
      if (this.#isClosing) return
      if (outcome.kind === 'ready') return this.#live()
      if (outcome.portLost && free > 0) continue
      return this.#bootFailed(outcome, attempt)
    }
  }

  async #boot(number: number): Promise<BootOutcome> {
    const started = await this.#launch(number)
    if ('problem' in started) return started
    this.#generation = started
    // Asked to stop while the interpreter was looked at: nobody else knows this process yet.
    if (this.#isClosing) started.destroy()
    const outcome = await started.booted
    if (outcome.kind === 'failed') {
      await started.stop()
      this.#forget(started)
    } else if (this.#isClosing) {
      await started.exited
    }
    return outcome
  }

  // A launch that throws ran out of something (descriptors, ports); that passes, unlike a problem it names.
  async #launch(number: number): Promise<Generation | Failure> {
    try {
      const started = await this.#input.launch(number)
      return isProblem(started) ? failure(started, true) : started
    } catch (error) {
      const message = `worker ${this.name} could not be started: ${error instanceof Error ? error.message : String(error)}`
      return failure({ code: 'spawn_failed', message, where: this.#input.worker.where }, false)
    }
  }

  async #live(): Promise<void> {
    const generation = this.#generation
    if (generation === null) throw new Error('a generation that booted is gone')
    const { pid, address } = generation
    this.#everReady = true
    this.#backoff.readied()
    this.#input.logger.info({ worker: this.name, generation: this.#number, pid }, 'worker ready')
    this.#standing.apply({ kind: 'answered', pid, address })
    this.#monitor = this.#watch(generation)
    const reason = await generation.exited
    this.#monitor?.stop()
    this.#forget(generation)
    if (!this.#isClosing) this.#died(reason)
  }

  #watch(generation: Generation): Monitor | null {
    const { worker, clock } = this.#input
    if (worker.kind === 'process') return null
    const { pid, address } = generation
    const input = {
      ready: worker.ready,
      clock,
      ask: () => generation.ask(),
      onAnswered: () => this.#standing.apply({ kind: 'answered', pid, address }),
      onUnanswered: (reason: string) => this.#unanswered(reason),
    }
    const monitor = new Monitor(input, true)
    monitor.start()
    return monitor
  }

  #unanswered(reason: string): void {
    this.#input.logger.warn({ worker: this.name, reason }, 'worker does not answer')
    this.#standing.apply({ kind: 'unanswered', reason })
  }

  #bootFailed({ problem, permanent }: Failure, attempt: number): void {
    if (this.#everReady) {
      this.#backOff(problem, false)
      return
    }
    const { bootAttempts, backoffMaxMs } = this.#input.policy
    if (permanent || attempt >= bootAttempts) {
      this.#giveUp(problem, this.#keepsTrying)
      return
    }
    const { delayMs } = this.#backoff.died()
    this.#wait(problem, Math.min(delayMs, backoffMaxMs), attempt + 1)
  }

  #forget(generation: Generation): void {
    this.#lastLines = generation.lastLines
    this.#generation = null
  }

  #died(reason: ExitReason): void {
    const planned = isCleanStop(reason) && this.#isRecycled()
    const problem: Problem = {
      code: 'worker_died',
      message: `worker ${this.name} ended: ${reason.text}`,
      where: this.#input.worker.where,
      ...(this.#lastLines.length > 0 ? { detail: this.#lastLines } : {}),
    }
    this.#backOff(problem, planned)
  }

  // Uvicorn ends by itself after so many requests, because it was told to.
  #isRecycled(): boolean {
    return this.#input.worker.run.args.some((word) => word.startsWith('--limit-max-requests'))
  }

  #backOff(problem: Problem, planned: boolean): void {
    const { delayMs, deaths, looping } = this.#backoff.died(planned)
    if (!looping) {
      this.#wait(problem, delayMs, 1)
      return
    }
    const message = `worker ${this.name} died ${deaths} times in a short time; ${problem.message}`
    this.#giveUp(
      { ...problem, code: 'worker_crash_loop', message },
      this.#input.worker.run.onFailure === 'keep',
    )
  }

  #wait(last: Problem, delayMs: number, attempt: number): void {
    this.#input.logger.warn(
      { worker: this.name, code: last.code, reason: last.message, delay_ms: Math.round(delayMs) },
      'worker ended, will be started again',
    )
    this.#standing.apply({ kind: 'back-off', attempt, delayMs, last })
    this.#later(delayMs, attempt)
  }

  #giveUp(reason: Problem, retrying: boolean): void {
    const delayMs = this.#input.policy.backoffMaxMs
    this.#input.logger.error(
      {
        worker: this.name,
        code: reason.code,
        reason: reason.message,
        ...(retrying ? { delay_ms: delayMs } : {}),
      },
      'worker failed',
    )
    this.#standing.apply({ kind: 'give-up', reason, retrying })
    if (retrying) this.#later(delayMs, this.#input.policy.bootAttempts)
  }

  #later(delayMs: number, attempt: number): void {
    if (this.#isClosing) return
    this.#cancelWait = this.#input.clock.after(delayMs, () => this.#begin(attempt))
  }
}

function failure(problem: Problem, permanent: boolean): Failure {
  return { kind: 'failed', problem, permanent, portLost: false }
}
