/**
 * The vocabulary of the worker room: what a worker is, the states it can be in, and what the rest of the
 * gateway may ask of it. A worker is one child process at a time; every start of it is a *generation*.
 */

import type { Address } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'

/** Why a process ended, decoded for people. */
export interface ExitReason {
  readonly kind: 'exit' | 'signal' | 'spawn-error'
  /** Exit status, or null when ended by a signal or never started. */
  readonly code: number | null
  /** Signal name such as `SIGKILL`, or null. */
  readonly signal: string | null
  /** One sentence: `exit status 1`, `killed by SIGKILL (not by the gateway: out of memory?)`. */
  readonly text: string
}

/**
 * State of a worker: one field, with the data of that state inside. `since` is wall-clock milliseconds for
 * display only; every wait uses monotonic time.
 */
export type WorkerState =
  | {
      readonly kind: 'starting'
      readonly generation: number
      readonly attempt: number
      readonly since: number
    }
  | {
      readonly kind: 'ready'
      readonly generation: number
      readonly pid: number | null
      readonly address: Address | null
      readonly since: number
    }
  | {
      readonly kind: 'unhealthy'
      readonly generation: number
      readonly pid: number | null
      readonly address: Address | null
      readonly since: number
      readonly reason: string
    }
  | {
      readonly kind: 'backing-off'
      readonly generation: number
      readonly attempt: number
      readonly since: number
      readonly delayMs: number
      readonly last: Problem
    }
  | { readonly kind: 'draining'; readonly generation: number; readonly since: number }
  | { readonly kind: 'stopped'; readonly since: number }
  | {
      readonly kind: 'failed'
      readonly generation: number
      readonly since: number
      readonly reason: Problem
      /** True when it is still tried again every `backoff_max`. */
      readonly retrying: boolean
    }

/** What a worker is, to the rooms that route to it, watch it and stop it. */
export interface Worker {
  readonly name: string
  readonly required: boolean
  readonly state: WorkerState
  /** Whether it was ready at least once since the gateway started. */
  readonly everReady: boolean
  /** Whether the gateway starts it; false for workers run elsewhere and for static files. */
  readonly spawned: boolean
  /** Starts it; returns at once, progress is told through `onChange`. */
  start(): void
  /** SIGTERM to the leader, the grace, then SIGKILL to the group. Idempotent; resolves when nothing is left. */
  close(): Promise<void>
  /** SIGKILL to the group now. Idempotent, synchronous. */
  destroy(): void
  /** Called after every change of state; several listeners are allowed. */
  onChange(listener: (state: WorkerState, previous: WorkerState) => void): void
}

/** What the composition root may ask of a worker beyond {@link Worker}; made by `createWorker`. */
export interface SupervisedWorker extends Worker {
  /**
   * From now on a start that failed is tried again every `backoff_max` instead of ending in `failed` for good. Called
   * once it is certain that the gateway stays up without this worker. Idempotent.
   */
  keepTrying(): void
  /** The last lines of output of the current (or last) process, oldest first; empty when there is none. */
  readonly lastLines: readonly string[]
}
