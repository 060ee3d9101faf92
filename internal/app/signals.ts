/** The process's signals, and how a run comes to its end. */

import type { EventEmitter } from 'node:events'
import type { Problem } from '../fault/startup.ts'

/** Why the gateway stops. */
export type Ending =
  | { readonly kind: 'asked'; /** A signal's name, or `stop` for the verb. */ readonly by: string }
  | { readonly kind: 'never-ready'; readonly problems: readonly Problem[] }
  | { readonly kind: 'gave-up'; readonly problems: readonly Problem[] }

/** What signals mean from the start on. */
export interface SignalMeanings {
  /** SIGUSR1: the log file was moved. Never left alone: Node would open a debugger. */
  readonly reopen: () => void
  /** SIGHUP: a service's request to reload, or the terminal is gone and with it who looked at it. */
  readonly hangUp: 'reload' | 'stop'
  /** Where signals come from; the process unless told otherwise. */
  readonly source?: Pick<EventEmitter, 'on' | 'off'>
}

/** What signals do besides ending the run. */
export interface SignalActions {
  /** SIGHUP, where it does not stop. */
  readonly reload: () => void
  /** SIGUSR2. */
  readonly dump: () => void
  /** A second stop signal: end now; does not return. */
  readonly now: (signal: NodeJS.Signals) => void
}

const numbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** Listens from the first moment: the first stop signal ends the run, the second the process. */
export class SignalDesk {
  readonly #source: Pick<EventEmitter, 'on' | 'off'>
  readonly #first = Promise.withResolvers<Ending>()
  readonly #listeners: readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[]
  #actions: SignalActions | null = null
  #isAsked = false

  constructor({ reopen, hangUp, source = process }: SignalMeanings) {
    this.#source = source
    const stop = (signal: NodeJS.Signals): void => this.#stop(signal)
    this.#listeners = [
      ['SIGTERM', stop],
      ['SIGINT', stop],
      ['SIGHUP', hangUp === 'stop' ? stop : () => this.#actions?.reload()],
      ['SIGUSR1', reopen],
      ['SIGUSR2', () => this.#actions?.dump()],
    ]
    for (const [signal, listener] of this.#listeners) source.on(signal, listener)
  }

  /** Resolves when the gateway is asked to stop. */
  get asked(): Promise<Ending> {
    return this.#first.promise
  }

  /** From now on signals do these things. */
  serve(actions: SignalActions): void {
    this.#actions = actions
  }

  /** The verb `stop`: as a first signal. */
  ask(by: string): void {
    this.#isAsked = true
    this.#first.resolve({ kind: 'asked', by })
  }

  /** As Ctrl-C: graceful the first time, at once the second. */
  interrupt(): void {
    this.#stop('SIGINT')
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) this.#source.off(signal, listener)
  }

  #stop(signal: NodeJS.Signals): void {
    if (!this.#isAsked) return this.ask(signal)
    this.#actions?.now(signal)
    process.exit(128 + (numbers[signal] ?? 0))
  }
}
