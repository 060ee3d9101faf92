import { rmSync } from 'node:fs'
import { setTimeout as setTimer } from 'node:timers/promises'

import type { Address } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { ChildInput, StopOutcome } from './child.ts'
import { Child } from './child.ts'
import type { GenerationPlan } from './plan.ts'
import type { ProbeResult } from './probe.ts'
import { probe } from './probe.ts'
import { reacts } from './reaction.ts'
import type { StuckAt } from './stack-dump.ts'
import type { ExitReason } from './types.ts'

/** How a start went. */
export type BootOutcome =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'failed'
      readonly problem: Problem
      /** Trying again without changing something is pointless. */
      readonly permanent: boolean
      /** Somebody took its port between our choice and its start: no fault of the worker. */
      readonly portLost: boolean
    }

/** One running process of a worker, from its start to its end. The worker decides what follows. */
export interface Generation {
  readonly pid: number | null
  readonly address: Address | null
  readonly lastLines: readonly string[]
  /** Resolves once: it answered, ended before it did, or took too long (then it still runs). Never rejects. */
  readonly booted: Promise<BootOutcome>
  /** Resolves when it ended. Never rejects. */
  readonly exited: Promise<ExitReason>
  /** Where it hung when {@link abort} asked; null when nobody did, or it did not say. */
  readonly stuckAt: StuckAt | null
  /**
   * Asks whether it answers; a process without a mount always does while it runs.
   *
   * @param timeoutMs for this question; left out = `probe_timeout`
   */
  ask(timeoutMs?: number): Promise<ProbeResult>
  /** Whether it reacts to a connection at all, even if its application does not answer; see {@link reacts}. */
  reacts(timeoutMs: number): Promise<boolean>
  /** It hangs: SIGABRT, after which it says where if it is Python, then SIGKILL. Idempotent. */
  abort(): void
  /** SIGTERM, the worker's grace, SIGKILL; resolves when nothing is left. Idempotent. */
  stop(): Promise<StopOutcome>
  /** SIGKILL to the group now. Idempotent. */
  destroy(): void
}

/** While it starts, it is asked often at first and then less: the first answer is worth having early. */
const firstPauseMs = 50
const longestPauseMs = 500

/** What Uvicorn, Streamlit and Node say when the port is taken; their exit statuses do not tell. */
const portTaken = /address already in use|Port \d+ is not available|EADDRINUSE/i

/** Whom the processes of a worker tell what they write, and who ends them when we cannot. */
export type Surroundings = Pick<ChildInput, 'onOutput' | 'watcher'>

/** Starts a process by a plan; it is asked at once whether it is ready. */
export function startGeneration(plan: GenerationPlan, surroundings: Surroundings): Generation {
  return new ProcessGeneration(plan, surroundings)
}

class ProcessGeneration implements Generation {
  readonly booted: Promise<BootOutcome>
  readonly exited: Promise<ExitReason>
  readonly #plan: GenerationPlan
  readonly #child: Child

  constructor(plan: GenerationPlan, surroundings: Surroundings) {
    this.#plan = plan
    // Nothing else lives in our directory under this name; a leftover would keep the worker from listening.
    removeSocket(plan.address)
    this.#child = new Child({
      worker: plan.worker.name,
      where: plan.worker.where,
      argv: plan.argv,
      cwd: plan.cwd,
      env: plan.env,
      account: plan.account,
      isBootstrap: plan.worker.kind === 'uvicorn' || plan.worker.kind === 'streamlit',
      ...surroundings,
    })
    this.exited = this.#child.exited.then((reason) => {
      // Uvicorn leaves its socket behind.
      removeSocket(plan.address)
      return reason
    })
    this.booted = this.#boot()
  }

  get pid(): number | null {
    return this.#child.pid
  }

  get address(): Address | null {
    return this.#plan.address
  }

  get lastLines(): readonly string[] {
    return this.#child.lastLines
  }

  get stuckAt(): StuckAt | null {
    return this.#child.stuckAt
  }

  async ask(timeoutMs?: number): Promise<ProbeResult> {
    const { probe: target } = this.#plan
    if (target === null) return { ok: true }
    return probe(timeoutMs === undefined ? target : { ...target, timeoutMs })
  }

  async reacts(timeoutMs: number): Promise<boolean> {
    return this.#plan.address === null || reacts(this.#plan.address, timeoutMs)
  }

  abort(): void {
    this.#child.abort()
  }

  stop(): Promise<StopOutcome> {
    return this.#child.stop(this.#plan.worker.run.stopGraceMs)
  }

  destroy(): void {
    this.#child.destroy()
  }

  async #boot(): Promise<BootOutcome> {
    if (this.#child.pid === null) return this.#ended(await this.exited)
    if (this.#plan.probe === null) return { kind: 'ready' }
    const over = new AbortController()
    const { readyTimeoutMs } = this.#plan
    const timer = readyTimeoutMs > 0 ? setTimeout(() => over.abort(), readyTimeoutMs) : undefined
    try {
      return await Promise.race([
        this.exited.then((reason) => this.#ended(reason)),
        this.#answer(over.signal),
      ])
    } finally {
      clearTimeout(timer)
      over.abort()
    }
  }

  async #answer(over: AbortSignal): Promise<BootOutcome> {
    let last = 'it was never asked'
    for (let pauseMs = firstPauseMs; !over.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
      const result = await this.ask()
      if (result.ok) return { kind: 'ready' }
      last = result.reason
      await pause(pauseMs, over)
    }
    return this.#tooLate(last)
  }

  #tooLate(last: string): BootOutcome {
    const { worker, probe: target, readyTimeoutMs } = this.#plan
    const problem = {
      code: 'ready_timeout',
      message: `worker ${worker.name} did not answer GET ${target?.path} within ${readyTimeoutMs / 1000} s (${last})`,
      where: worker.where,
      hint: 'set `ready_timeout` higher if it needs longer, or correct `ready_path`',
      ...detail(this.lastLines),
    }
    return { kind: 'failed', problem, permanent: false, portLost: false }
  }

  #ended(reason: ExitReason): BootOutcome {
    const { worker, address } = this.#plan
    const { report } = this.#child
    if (report !== null) {
      const told = withOutput(report.problem, this.lastLines)
      return { kind: 'failed', problem: told, permanent: report.permanent, portLost: false }
    }
    const problem = {
      code: reason.kind === 'spawn-error' ? 'spawn_failed' : 'worker_exited',
      message: `worker ${worker.name} ended before it was ready: ${reason.text}`,
      where: worker.where,
      ...detail(this.lastLines),
    }
    const portLost = address?.kind === 'tcp' && this.lastLines.some((line) => portTaken.test(line))
    return { kind: 'failed', problem, permanent: false, portLost }
  }
}

// What the app printed on its way to the failure often says more than the failure.
function withOutput(problem: Problem, lines: readonly string[]): Problem {
  if (lines.length === 0) return problem
  return { ...problem, detail: [...(problem.detail ?? []), 'Its last output:', ...lines] }
}

function detail(lines: readonly string[]): { detail?: readonly string[] } {
  return lines.length > 0 ? { detail: lines } : {}
}

function removeSocket(address: Address | null): void {
  if (address?.kind === 'unix') rmSync(address.path, { force: true })
}

async function pause(ms: number, over: AbortSignal): Promise<void> {
  try {
    await setTimer(ms, undefined, { signal: over })
  } catch {
    // It is over; the caller looks at the signal.
  }
}
