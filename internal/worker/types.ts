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

/** One end of a process that nobody asked for. The field names are those of `fluxlit status --json`. */
export interface WorkerDeath {
  /** RFC 3339. */
  readonly time: string
  /** Whole seconds it had lived. */
  readonly uptime_s: number
  readonly generation: number
  /** One sentence: `worker api ended: exit status 1`. */
  readonly cause: string
  /** Code of the {@link Problem} it was: `worker_died`, `worker_hung`, `ready_timeout`. */
  readonly code: string
  /** What the process said last, or where it hung; of the last few deaths only. */
  readonly lines?: readonly string[]
}

/** What a worker's processes use. */
export interface Usage {
  /** Resident bytes of the leader and its descendants; pages they share count for each of them. */
  readonly memoryBytes: number
  /** User and system time since the worker was first started, ended processes included. */
  readonly cpuSeconds: number
}

/** A wish for a new generation. */
export interface ReplaceRequest {
  /** One word, counted in {@link SupervisedWorker.restarts}: `restart`, `reload`, `change`. */
  readonly reason: string
  /** Takes one line for people, until the promise settles. */
  readonly progress?: (line: string) => void
}

/** How a replacement ended. Not ok: what was running before still is, as far as it was; the problem says why. */
export type ReplaceOutcome =
  | { readonly ok: true; /** The generation that serves now. */ readonly generation: number }
  | { readonly ok: false; readonly problem: Problem }

/** What the composition root may ask of a worker beyond {@link Worker}; made by `createWorker`. */
export interface SupervisedWorker extends Worker {
  /**
   * From now on a start that failed is tried again every `backoff_max` instead of ending in `failed` for good. Called
   * once it is certain that the gateway stays up without this worker. Idempotent.
   */
  keepTrying(): void
  /** The last lines of output of the current (or last) process, oldest first; empty when there is none. */
  readonly lastLines: readonly string[]
  /**
   * Where requests may go now: one entry per ready process, none while nobody answers. The addresses of one process
   * stay the same object; every change of the list is told through `onChange`.
   */
  readonly addresses: readonly Address[]
  /** The single processes (`api.1`, `api.2`) of a worker with several; empty for all others. */
  readonly replicas: readonly SupervisedWorker[]
  /** The last 100 deaths, oldest first. */
  readonly deaths: readonly WorkerDeath[]
  /**
   * Starts after the first one by reason: `crash`, `boot` (a start that failed is tried again), `hang`, `planned`
   * (Uvicorn's request limit), `memory`, `age`, and the reasons of replacements that succeeded.
   */
  readonly restarts: Readonly<Record<string, number>>
  /** The last reading, at most some seconds old; null before the first and where it cannot be read. */
  readonly usage: Usage | null
  /**
   * A new generation beside the running one (or after it, `replace = "stop-first"`): everything is looked up anew,
   * requests go to it once it answers, and the old one ends when nothing is in flight to it. The old one stays
   * when the new one does not become ready or ends soon after. A second call while one runs is another
   * replacement after it; further ones join that. Never rejects.
   */
  replace(request: ReplaceRequest): Promise<ReplaceOutcome>
}
