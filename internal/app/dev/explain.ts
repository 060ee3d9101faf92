/** Remembers why each worker does not run, and makes the page that says so. */

import type { WorkerConfig } from '../../config/config.ts'
import type { Problem } from '../../fault/startup.ts'
import type { SupervisedWorker, WorkerState } from '../../worker/types.ts'
import { troublePage } from './page.ts'
import { readExcerpt, readTrace } from './traceback.ts'

/** What is asked of a worker here. */
export type Explained = Pick<SupervisedWorker, 'name' | 'state' | 'lastLines' | 'onChange'>

/** The workers that are followed, with their last trouble. */
export class Explainer {
  /** Root path and name of the readiness answer. */
  readonly #statusPath: string
  readonly #followed = new WeakSet<Explained>()
  readonly #troubles = new WeakMap<Explained, Problem>()
  #workers: readonly { readonly worker: Explained; readonly config: WorkerConfig }[] = []

  constructor(rootPath: string) {
    this.#statusPath = `${rootPath}/__fluxlit/readyz`
  }

  /** These are the workers now; to be called again when there are others. */
  follow(workers: readonly Explained[], configs: readonly WorkerConfig[]): void {
    this.#workers = workers.flatMap((worker) => {
      const config = configs.find(({ name }) => name === worker.name)
      return config === undefined ? [] : [{ worker, config }]
    })
    for (const worker of workers) {
      if (this.#followed.has(worker)) continue
      this.#followed.add(worker)
      worker.onChange((state) => this.#note(worker, state))
      this.#note(worker, worker.state)
    }
  }

  /** The page for a worker that does not run; null while it does, or before anything went wrong. */
  explain(name: string): string | null {
    const found = this.#workers.find(({ worker }) => worker.name === name)
    const problem = found === undefined ? undefined : this.#troubles.get(found.worker)
    if (found === undefined || problem === undefined) return null
    const { worker, config } = found
    const trace = readTrace(problem.detail ?? worker.lastLines, directoryOf(config))
    const own = trace.frames.findLast((frame) => frame.isOwn)
    return troublePage({
      worker: name,
      problem,
      trace,
      excerpt: own === undefined ? null : readExcerpt(own),
      next: nextTry(worker.state),
      statusPath: this.#statusPath,
      seen: { state: worker.state.kind, since: new Date(worker.state.since).toISOString() },
    })
  }

  // Until it answers again the last trouble stays: a try that is under way is no news yet.
  #note(worker: Explained, state: WorkerState): void {
    if (state.kind === 'backing-off') this.#troubles.set(worker, state.last)
    if (state.kind === 'failed') this.#troubles.set(worker, state.reason)
    if (state.kind === 'ready') this.#troubles.delete(worker)
  }
}

function nextTry(state: WorkerState): number | 'change' | 'now' {
  if (state.kind === 'backing-off') return Math.round(state.since + state.delayMs)
  return state.kind === 'failed' ? 'change' : 'now'
}

function directoryOf(config: WorkerConfig): string {
  return config.kind !== 'static' && config.run.kind !== 'url' ? config.run.cwd : '/'
}
