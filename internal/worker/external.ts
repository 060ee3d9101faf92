import type { Elsewhere, RoutedWorker } from '../config/config.ts'
import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import { Monitor } from './monitor.ts'
import type { ProbeTarget } from './probe.ts'
import { probe } from './probe.ts'
import { streamlitBasePath } from './streamlit-environment.ts'
import { Unspawned } from './unspawned.ts'

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
export class ExternalWorker extends Unspawned {
  readonly #worker: ElsewhereWorker
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #monitor: Monitor
  #lastReason = 'it was never asked'
  #forgetDeadline: () => void = () => undefined

  constructor(worker: ElsewhereWorker, { clock, logger, rootPath }: ExternalInput) {
    super(worker, clock)
    this.#worker = worker
    this.#clock = clock
    this.#logger = logger
    const target = targetOf(worker, rootPath)
    this.#monitor = new Monitor(
      {
        ready: worker.ready,
        clock,
        ask: (timeoutMs) => probe({ ...target, timeoutMs }),
        onAnswered: () => this.#answered(),
        onUnanswered: (reason) => this.#unanswered(reason),
      },
      null,
    )
  }

  protected begin(): void {
    const { timeoutMs } = this.#worker.ready
    if (timeoutMs > 0) this.#forgetDeadline = this.#clock.after(timeoutMs, () => this.#isLate(timeoutMs))
    this.#monitor.startNow()
  }

  protected end(): void {
    this.#forgetDeadline()
    this.#monitor.stop()
  }

  #answered(): void {
    this.#forgetDeadline()
    this.#logger.info({ worker: this.name }, 'worker ready')
    if (this.state.kind === 'failed') this.standing.apply({ kind: 'spawn', generation: 1, attempt: 1 })
    this.answers(this.#worker.run.address)
  }

  #unanswered(reason: string): void {
    this.#lastReason = reason
    this.#logger.warn({ worker: this.name, reason }, 'worker does not answer')
    // One that never answered is not ill, it is not there yet.
    if (this.state.kind === 'ready') this.standing.apply({ kind: 'unanswered', reason })
  }

  // It is asked on, but nobody waits for it any more.
  #isLate(timeoutMs: number): void {
    const { name, where } = this.#worker
    const message = `worker ${name} did not answer within ${timeoutMs / 1000} s (${this.#lastReason})`
    const reason = { code: 'ready_timeout', message, where, hint: 'start it, or correct its `url`' }
    this.standing.apply({ kind: 'give-up', reason, retrying: true })
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
