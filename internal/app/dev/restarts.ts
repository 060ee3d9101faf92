/** Carries out what changes call for: one thing at a time, and what came meanwhile together afterwards. */

import type { ControlOutcome } from '../../admin/control.ts'
import type { Problem } from '../../fault/startup.ts'
import type { Logger } from '../../log/types.ts'
import type { Reaction } from './change.ts'

/** What a running gateway can be asked to do. */
export interface Restartable {
  restart(workers: readonly string[], progress: (line: string) => void): Promise<ControlOutcome>
  reload(progress: (line: string) => void): Promise<ControlOutcome>
}

type Work = Exclude<Reaction, { kind: 'none' }>

/** The queue of restarts. */
export class Restarts {
  readonly #gateway: Restartable
  readonly #logger: Logger
  #waiting: Work | null = null
  #isBusy = false

  constructor(gateway: Restartable, logger: Logger) {
    this.#gateway = gateway
    this.#logger = logger
  }

  /** Does it now, or with others once the restart that runs has ended. */
  ask(reaction: Reaction): void {
    if (reaction.kind === 'none') return
    this.#waiting = together(this.#waiting, reaction)
    if (!this.#isBusy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    for (let work = this.#next(); work !== null; work = this.#next()) await this.#do(work)
    this.#isBusy = false
  }

  #next(): Work | null {
    const next = this.#waiting
    this.#waiting = null
    return next
  }

  async #do(work: Work): Promise<void> {
    const started = performance.now()
    this.#logger.info({}, `${work.because}: ${intention(work)}`)
    const outcome = await this.#attempt(work)
    if (!outcome.ok) return this.#report(outcome.problems)
    const seconds = (performance.now() - started) / 1000
    this.#logger.info({}, `${outcome.lines.join('; ')} (${seconds.toFixed(1)} s)`)
  }

  async #attempt(work: Work): Promise<ControlOutcome> {
    const progress = (line: string): void => this.#logger.debug({}, line)
    try {
      if (work.kind === 'restart') return await this.#gateway.restart(work.workers, progress)
      const reloaded = await this.#gateway.reload(progress)
      return reloaded.ok && work.everything ? await this.#gateway.restart([], progress) : reloaded
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { ok: false, problems: [{ code: 'internal', message }] }
    }
  }

  #report(problems: readonly Problem[]): void {
    for (const { code, message, where, hint, detail = [] } of problems) {
      const text = [`not restarted, nothing was changed: ${message}`, ...detail].join('\n')
      this.#logger.error({ code, where, hint }, text)
    }
  }
}

function intention(work: Work): string {
  if (work.kind === 'restart')
    return work.workers.length === 0 ? 'restarting everything' : `restarting ${work.workers.join(', ')}`
  return work.everything ? 'reading the configuration and restarting everything' : 'reading the configuration'
}

/** The least that does both. */
function together(a: Work | null, b: Work): Work {
  if (a === null) return b
  const because = a.because === b.because ? a.because : `${a.because}, ${b.because}`
  if (a.kind === 'reload' || b.kind === 'reload') {
    const all = [a, b].some((work) => work.kind === 'restart' || work.everything)
    return { kind: 'reload', everything: all, because }
  }
  const all = a.workers.length === 0 || b.workers.length === 0
  return { kind: 'restart', workers: all ? [] : [...new Set([...a.workers, ...b.workers])], because }
}
