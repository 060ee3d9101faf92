import type { RestartPolicy } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import type { Standing } from './standing.ts'
import type { Failure } from './starter.ts'
import type { Tally } from './tally.ts'

/** What recovery needs. */
export interface RecoveryInput {
  readonly worker: ChildWorker
  readonly policy: RestartPolicy
  readonly clock: Clock
  readonly logger: Logger
  readonly standing: Standing
  readonly tally: Tally
  /** Starts a generation. @param attempt how many starts in a row this one is, from 1 */
  readonly begin: (attempt: number) => void
}

/**
 * What follows when nobody serves. A worker that was never ready has failed after `boot_attempts`, or at once when
 * trying again is pointless; afterwards every death is backed off from, and too many of them are a failure too.
 */
export class Recovery {
  readonly #input: RecoveryInput
  readonly #backoff: Backoff
  #keepsTrying = false
  #isClosed = false
  #cancelWait: () => void = () => undefined

  constructor(input: RecoveryInput) {
    this.#input = input
    this.#backoff = new Backoff(input.policy, input.clock)
  }

  /** A process answers: from here the time counts that makes its past forgotten. */
  readied(): void {
    this.#backoff.readied()
  }

  /** Somebody replaced it: what its predecessors did says nothing about it. */
  forget(): void {
    this.#backoff.forget()
  }

  /** Waits no longer: somebody else starts it. */
  cancel(): void {
    this.#cancelWait()
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isClosed = true
    this.cancel()
  }

  /** A worker that was never ready is tried again every `backoff_max` instead of failing for good. Idempotent. */
  keepTrying(): void {
    if (this.#keepsTrying || this.#isClosed) return
    this.#keepsTrying = true
    const { standing, tally, policy } = this.#input
    const { state } = standing
    if (state.kind !== 'failed' || state.retrying || tally.everReady) return
    standing.apply({ kind: 'give-up', reason: state.reason, retrying: true })
    this.#later(policy.backoffMaxMs, policy.bootAttempts, 'boot')
  }

  /** A start led to nothing, and nobody serves. */
  bootFailed({ problem, permanent, process }: Failure, attempt: number): void {
    const { policy, tally } = this.#input
    if (process !== null) tally.died(process, problem)
    if (tally.everReady) this.lost(problem, 'boot')
    else if (permanent || attempt >= policy.bootAttempts) this.#giveUp(problem, this.#keepsTrying, 'boot')
    else {
      const { delayMs } = this.#backoff.died()
      this.#wait(problem, Math.min(delayMs, policy.backoffMaxMs), attempt + 1, 'boot')
    }
  }

  /** The process that served has ended, or (`boot`) the one that was to serve after it did not come up. */
  lost(problem: Problem, reason: 'boot' | 'crash' | 'hang' | 'planned'): void {
    const { delayMs, deaths, looping } = this.#backoff.died(reason === 'planned')
    if (!looping) {
      this.#wait(problem, delayMs, 1, reason)
      return
    }
    const { name, run } = this.#input.worker
    const message = `worker ${name} died ${deaths} times in a short time; ${problem.message}`
    this.#giveUp({ ...problem, code: 'worker_crash_loop', message }, run.onFailure === 'keep', reason)
  }

  #wait(last: Problem, delayMs: number, attempt: number, reason: string): void {
    const { worker, logger, standing } = this.#input
    logger.warn(
      { worker: worker.name, code: last.code, reason: last.message, delay_ms: Math.round(delayMs) },
      'worker ended, will be started again',
    )
    standing.apply({ kind: 'back-off', attempt, delayMs, last })
    this.#later(delayMs, attempt, reason)
  }

  #giveUp(problem: Problem, retrying: boolean, reason: string): void {
    const { worker, policy, logger, standing } = this.#input
    const { code, message } = problem
    const delay = retrying ? { delay_ms: policy.backoffMaxMs } : {}
    logger.error({ worker: worker.name, code, reason: message, ...delay }, 'worker failed')
    standing.apply({ kind: 'give-up', reason: problem, retrying })
    if (retrying) this.#later(policy.backoffMaxMs, policy.bootAttempts, reason)
  }

  #later(delayMs: number, attempt: number, reason: string): void {
    if (this.#isClosed) return
    const { clock, tally, begin } = this.#input
    this.#cancelWait = clock.after(delayMs, () => {
      tally.restarted(reason)
      begin(attempt)
    })
  }
}
