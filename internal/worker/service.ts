import type { Problem } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import { isCleanStop } from './exit.ts'
import { Live } from './live.ts'
import type { Standing } from './standing.ts'
import type { StartedProcess } from './starter.ts'
import type { Tally } from './tally.ts'
import type { ExitReason, Usage } from './types.ts'
import { watchesOf } from './watches.ts'

/** Why a process ended that served: told to, ended because it hung, or by itself. */
export type LossCause = 'planned' | 'hang' | 'crash'

/** What the service of a worker needs, and whom it tells. */
export interface ServiceInput {
  readonly worker: ChildWorker
  readonly clock: Clock
  readonly logger: Logger
  /** Whether a process that does not answer at all is ended. Not in development: it may stand in a debugger. */
  readonly endsHangs: boolean
  /** What a process uses now; null = cannot be read. */
  readonly measure: (pid: number) => Promise<Usage | null>
  readonly standing: Standing
  readonly tally: Tally
  /** A process is about to serve for the first time. */
  readonly onServing: () => void
  /** The one that serves has used too much or lived too long. */
  readonly onExpired: (reason: 'memory' | 'age') => void
  /** A process that had answered has ended, whether it served or not. */
  readonly onEnded: (live: Live) => void
  /** The one that served has ended: nobody serves now. Called after `onEnded`. */
  readonly onLost: (live: Live, problem: Problem, cause: LossCause) => void
}

/** Which process of a worker serves, and the watch over it. */
export class Service {
  readonly #input: ServiceInput
  #current: Live | null = null
  #isClosed = false

  constructor(input: ServiceInput) {
    this.#input = input
  }

  /** The process that serves; null while none does. */
  get current(): Live | null {
    return this.#current
  }

  /** What the worker uses; null while nothing is known. */
  get usage(): Usage | null {
    const usage = this.#current?.usage ?? null
    return usage === null ? null : { ...usage, cpuSeconds: this.#input.tally.cpuSeconds }
  }

  /** A process that has answered serves from now on. The one that did goes on, unwatched. */
  take(process: StartedProcess): Live {
    const { worker, standing, tally, logger, onServing } = this.#input
    const { pid, address, exited } = process.generation
    this.#current?.unwatch()
    const live = new Live(process)
    this.#current = live
    tally.readied()
    onServing()
    logger.info({ worker: worker.name, generation: process.number, pid }, 'worker ready')
    if (standing.state.kind === 'starting') standing.apply({ kind: 'answered', pid, address })
    else standing.apply({ kind: 'switch', generation: process.number, pid, address })
    this.#watch(live)
    void exited.then((reason) => this.#ended(live, reason))
    return live
  }

  /** A process that served before does so again. */
  giveBack(previous: Live): void {
    const { number, generation } = previous.process
    const { pid, address } = generation
    this.#current = previous
    this.#input.standing.apply({ kind: 'switch', generation: number, pid, address })
    this.#watch(previous)
  }

  /** Nobody serves from now on, and requests wait for the next generation. Returns the process that did. */
  suspend(next: number): Live | null {
    const old = this.#current
    if (old === null) return null
    this.#current = null
    old.unwatch()
    this.#input.standing.apply({ kind: 'spawn', generation: next, attempt: 1 })
    return old
  }

  /** Nothing is watched, told or remembered any more. */
  close(): void {
    this.#isClosed = true
    this.#current?.unwatch()
  }

  #ended(live: Live, reason: ExitReason): void {
    live.unwatch()
    if (this.#isClosed) return
    this.#input.onEnded(live)
    if (live !== this.#current) return
    this.#current = null
    const { worker, tally, onLost } = this.#input
    const problem = live.problem(reason, worker.name, worker.where)
    const planned = isCleanStop(reason) && recyclesItself(worker)
    if (!planned) tally.died(live.process, problem)
    if (live.hung) this.#tellHang(live, problem)
    onLost(live, problem, planned ? 'planned' : live.hung ? 'hang' : 'crash')
  }

  #watch(live: Live): void {
    const { standing, tally, onExpired } = this.#input
    const { pid, address } = live.process.generation
    const watches = watchesOf(live, {
      ...this.#input,
      onUsage: (usage) => {
        live.usage = usage
        tally.consumed(live, usage.cpuSeconds)
      },
      onAnswered: () => standing.apply({ kind: 'answered', pid, address }),
      onUnanswered: (reason) => this.#unanswered(reason),
      onSilent: () => void this.#suspect(live),
      onExpired,
    })
    live.watch(...watches)
  }

  #unanswered(reason: string): void {
    const { logger, worker, standing } = this.#input
    logger.warn({ worker: worker.name, reason }, 'worker does not answer')
    standing.apply({ kind: 'unanswered', reason })
  }

  async #suspect(live: Live): Promise<void> {
    const { worker, endsHangs, standing } = this.#input
    // Streamlit runs scripts in threads and answers all the time; a command may have its reasons.
    if (!endsHangs || worker.kind !== 'uvicorn' || live.hung) return
    // With every thread taken the application does not answer either, and goes on as soon as one is free.
    const isBusy = await live.process.generation.reacts(worker.ready.probeTimeoutMs)
    if (live !== this.#current || this.#isClosed || standing.state.kind !== 'unhealthy') return
    if (!isBusy) live.abort()
  }

  #tellHang(live: Live, { code, message }: Problem): void {
    const stack = live.process.generation.stuckAt?.stack
    const shown = stack === undefined ? {} : { stack: stack.join('\n') }
    const { logger, worker } = this.#input
    logger.error({ worker: worker.name, code, generation: live.number, ...shown }, `worker hangs: ${message}`)
  }
}

// Uvicorn ends by itself after so many requests, because it was told to.
function recyclesItself({ run }: ChildWorker): boolean {
  return run.args.some((word) => word.startsWith('--limit-max-requests'))
}
