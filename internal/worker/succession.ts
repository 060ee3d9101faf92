import type { Address } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import type { Live } from './live.ts'
import { notStarted, stopping } from './problem.ts'
import type { Recovery } from './recovery.ts'
import type { Service } from './service.ts'
import type { Standing } from './standing.ts'
import type { Failure, StartedProcess, Starter } from './starter.ts'
import type { Tally } from './tally.ts'
import { Trial } from './trial.ts'
import { Turns } from './turns.ts'
import type { ReplaceOutcome, ReplaceRequest } from './types.ts'

/** What a succession needs of the worker it belongs to. */
export interface SuccessionInput {
  readonly worker: ChildWorker
  readonly clock: Clock
  readonly logger: Logger
  /** How long a new generation has to live before the old one is stopped, in milliseconds. */
  readonly probationMs: number
  readonly standing: Standing
  readonly tally: Tally
  readonly starter: Starter
  readonly service: Service
  readonly recovery: Recovery
  /** Resolves when nothing is in flight to an address that is not routed to any more. Never rejects. */
  retire(address: Address): Promise<void>
  /** Starts a generation while nobody serves. */
  begin(): Promise<ReplaceOutcome>
  /** Resolves when no start begun that way goes on. */
  begun(): Promise<unknown>
}

type Say = (line: string) => void

/** One generation after another on purpose: beside the one that serves, or after it. */
export class Succession {
  readonly #input: SuccessionInput
  readonly #turns = new Turns((request: ReplaceRequest) => this.#replace(request))
  readonly #closed = Promise.withResolvers<void>()
  /** Number of the generation that is started beside the serving one. */
  #successor: number | null = null
  #trial: Trial<Live> | null = null
  #isClosed = false

  constructor(input: SuccessionInput) {
    this.#input = input
  }

  /** Whether one is going on. */
  get isBusy(): boolean {
    return this.#turns.isBusy
  }

  /** See `SupervisedWorker.replace`. Never rejects. */
  replace(request: ReplaceRequest): Promise<ReplaceOutcome> {
    return this.#turns.take(request)
  }

  /** Whatever is going on comes to its end without waiting for anything. */
  close(): void {
    this.#isClosed = true
    this.#closed.resolve()
    this.#trial?.end(null)
  }

  /** Resolves when nothing is going on. */
  idle(): Promise<void> {
    return this.#turns.idle()
  }

  /** A process has ended: it is not there to go back to. */
  ended(live: Live): void {
    this.#trial?.lost(live)
  }

  /** The process that served has ended. Returns whether another serves in its place, or is about to. */
  follows(live: Live, problem: Problem): boolean {
    const { service, standing } = this.#input
    const trial = this.#trial
    if (trial?.live === live) {
      this.#trial = null
      trial.end(problem)
      if (trial.previous !== null) {
        service.giveBack(trial.previous)
        return true
      }
    }
    if (this.#successor === null) return false
    standing.apply({ kind: 'spawn', generation: this.#successor, attempt: 1 })
    return true
  }

  async #replace(request: ReplaceRequest): Promise<ReplaceOutcome> {
    const { worker, logger, standing } = this.#input
    const { name } = worker
    if (this.#isClosed) return this.#givenUp()
    if (standing.state.kind === 'stopped') return { ok: false, problem: notStarted(worker) }
    logger.info({ worker: name, reason: request.reason }, 'worker is replaced')
    const outcome = await this.#replaceNow(request.reason, (line) => request.progress?.(`${name}: ${line}`))
    if (outcome.ok) {
      logger.info({ worker: name, generation: outcome.generation }, 'worker was replaced')
      return outcome
    }
    const { code, message } = outcome.problem
    logger.error({ worker: name, code, reason: message }, 'worker was not replaced')
    return outcome
  }

  async #replaceNow(reason: string, say: Say): Promise<ReplaceOutcome> {
    const { worker, starter, service, recovery, tally } = this.#input
    if (service.current === null) {
      recovery.cancel()
      // What is being started may have read the code before it changed.
      starter.giveUp()
      await this.#input.begun()
      if (this.#isClosed) return this.#givenUp()
    }
    if (service.current !== null && worker.run.replace === 'overlap') return this.#overlap(reason, say)
    tally.restarted(reason)
    recovery.forget()
    const old = service.suspend(starter.next)
    if (old !== null) await this.#retire(old, say)
    if (this.#isClosed) return this.#givenUp()
    say('starting')
    return this.#input.begin()
  }

  async #overlap(reason: string, say: Say): Promise<ReplaceOutcome> {
    const { starter, service, standing, tally, recovery } = this.#input
    const outcome = await starter.start((generation) => {
      this.#successor = generation
      say(`generation ${generation} is starting`)
      if (service.current === null) standing.apply({ kind: 'spawn', generation, attempt: 1 })
    })
    this.#successor = null
    if (this.#isClosed || outcome.kind === 'given-up') return this.#givenUp()
    if (outcome.kind === 'failed') return this.#notReplaced(outcome, say)
    tally.restarted(reason)
    recovery.forget()
    return this.#succeed(outcome.process, say)
  }

  #notReplaced(failure: Failure, say: Say): ReplaceOutcome {
    const { service, recovery, tally } = this.#input
    const { current } = service
    if (current === null) {
      recovery.bootFailed(failure, 1)
    } else {
      if (failure.process !== null) tally.died(failure.process, failure.problem)
      say(`the new generation failed, generation ${current.number} goes on`)
    }
    return { ok: false, problem: failure.problem }
  }

  async #succeed(process: StartedProcess, say: Say): Promise<ReplaceOutcome> {
    const { service, clock, probationMs } = this.#input
    const previous = service.current
    const live = service.take(process)
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
    return this.#isClosed ? this.#givenUp() : { ok: true, generation: live.number }
  }

  async #retire(old: Live, say: Say): Promise<void> {
    const { worker, logger } = this.#input
    const { generation } = old.process
    const { address } = generation
    if (address !== null) await Promise.race([this.#input.retire(address), this.#closed.promise])
    const { obeyed } = await generation.stop()
    if (!obeyed && !this.#isClosed) logger.warn({ worker: worker.name }, killed)
    say(`generation ${old.number} has ended`)
  }

  #givenUp(): ReplaceOutcome {
    return { ok: false, problem: stopping(this.#input.worker) }
  }
}

/** Said of a process that did not obey SIGTERM. */
export const killed = 'worker did not stop in time and was killed'
