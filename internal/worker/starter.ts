import type { Problem } from '../fault/startup.ts'
import type { Clock } from './clock.ts'
import type { BootOutcome, Generation } from './generation.ts'
import { isProblem } from './problem.ts'
import type { Tally } from './tally.ts'

/** A start that did not lead to an answer. */
export type Failure = Extract<BootOutcome, { kind: 'failed' }> & {
  /** The process there was, for the tally; null when none was started. */
  readonly process: StartedProcess | null
}

/** A process with its number among the generations of its worker. */
export interface StartedProcess {
  readonly number: number
  readonly generation: Generation
  /** Monotonic milliseconds. */
  readonly startedAt: number
}

/** How a start ended: with a process that answers, with a reason, or because nobody wants it any more. */
export type StartOutcome =
  | { readonly kind: 'ready'; readonly process: StartedProcess }
  | Failure
  | { readonly kind: 'given-up' }

/** What a starter needs. */
export interface StarterInput {
  readonly clock: Pick<Clock, 'now'>
  /** Name and place of the worker, for messages. */
  readonly worker: { readonly name: string; readonly where: string }
  /**
   * Starts the process of a generation, or says why it cannot be started: a problem that will not pass by itself, or
   * a failure that may. The signal gives up what is going on before the process exists.
   */
  launch(
    generation: number,
    signal: AbortSignal,
  ): Promise<Generation | Problem | Extract<BootOutcome, { kind: 'failed' }>>
}

/** How many times in a row another port is tried without counting it as a failed start. */
const freeRetries = 1

/** Numbers the generations of a worker, starts them, and knows every process of it that has not ended yet. */
export class Starter {
  readonly #input: StarterInput
  readonly #tally: Pick<Tally, 'begun' | 'generations'>
  readonly #alive = new Set<Generation>()
  readonly #starting = new Set<AbortController>()
  #lastLines: readonly string[] = []
  #isClosed = false

  /** @param tally numbers the generations, also those another starter of the same worker made before */
  constructor(input: StarterInput, tally: Pick<Tally, 'begun' | 'generations'>) {
    this.#input = input
    this.#tally = tally
  }

  /**
   * Starts a generation and waits until it answers, or does not. One that does not has ended when this resolves.
   *
   * @param onNumber told the number of the generation before anything of it is started
   */
  async start(onNumber: (generation: number) => void): Promise<StartOutcome> {
    const over = new AbortController()
    this.#starting.add(over)
    try {
      for (let free = freeRetries; ; free -= 1) {
        const number = this.#tally.begun()
        onNumber(number)
        const outcome = await this.#boot(number, over.signal)
        if (over.signal.aborted || this.#isClosed) return { kind: 'given-up' }
        if (outcome.kind !== 'failed' || !outcome.portLost || free === 0) return outcome
      }
    } finally {
      this.#starting.delete(over)
    }
  }

  /** Number the next generation will get. */
  get next(): number {
    return this.#tally.generations + 1
  }

  /** The last lines of the process that was started last, or, when none runs, of the one that ended last. */
  get lastLines(): readonly string[] {
    return [...this.#alive].at(-1)?.lastLines ?? this.#lastLines
  }

  /** Gives up every start that is going on. Those promises resolve with `given-up` once nothing is left of them. */
  giveUp(): void {
    for (const over of this.#starting) over.abort()
  }

  /** Nothing is started any more; every process gets SIGTERM, its grace, SIGKILL. Resolves when all have ended. */
  async close(): Promise<{ readonly obeyed: boolean }> {
    this.#isClosed = true
    this.giveUp()
    const outcomes = await Promise.all([...this.#alive].map((generation) => generation.stop()))
    return { obeyed: outcomes.every(({ obeyed }) => obeyed) }
  }

  /** As {@link close}, with SIGKILL now. */
  destroy(): void {
    this.#isClosed = true
    this.giveUp()
    for (const generation of this.#alive) generation.destroy()
  }

  async #boot(number: number, signal: AbortSignal): Promise<StartOutcome> {
    const startedAt = this.#input.clock.now()
    const launched = await this.#launch(number, signal)
    if ('kind' in launched) return launched
    const process = { number, generation: launched, startedAt }
    this.#remember(launched)
    // Given up while the interpreter was looked at: nobody else knows this process yet.
    if (signal.aborted || this.#isClosed) launched.destroy()
    const end = (): void => void launched.stop()
    signal.addEventListener('abort', end)
    const outcome = await launched.booted
    signal.removeEventListener('abort', end)
    if (outcome.kind === 'ready' && !signal.aborted && !this.#isClosed) return { kind: 'ready', process }
    await launched.stop()
    return outcome.kind === 'ready' ? { kind: 'given-up' } : { ...outcome, process }
  }

  // A launch that throws ran out of something (descriptors, ports); that passes, unlike a problem it names.
  async #launch(number: number, signal: AbortSignal): Promise<Generation | Failure> {
    const { name, where } = this.#input.worker
    try {
      const launched = await this.#input.launch(number, signal)
      if (isProblem(launched)) return failure(launched, true)
      return 'kind' in launched ? { ...launched, process: null } : launched
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `worker ${name} could not be started: ${reason}`
      return failure({ code: 'spawn_failed', message, where }, false)
    }
  }

  #remember(generation: Generation): void {
    this.#alive.add(generation)
    void generation.exited.then(() => {
      this.#alive.delete(generation)
      this.#lastLines = generation.lastLines
    })
  }
}

function failure(problem: Problem, permanent: boolean): Failure {
  return { kind: 'failed', problem, permanent, portLost: false, process: null }
}
