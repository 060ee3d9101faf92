/** How long each worker took to its first answer, and when all have come to something. */

import type { SupervisedWorker, WorkerState } from '../../worker/types.ts'

/** What is asked of a worker here. */
export type Starting = Pick<SupervisedWorker, 'name' | 'state' | 'spawned' | 'onChange'>

/** Follows the first start of workers. */
export class Readiness {
  readonly #started = performance.now()
  readonly #readyMs = new Map<string, number>()
  readonly #followed = new WeakSet<Starting>()
  readonly #settled = Promise.withResolvers<void>()
  #workers: readonly Starting[] = []

  /** Resolves when every worker that is started here has answered or failed for now. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Milliseconds from the start to a worker's first answer; null while there was none. */
  readyMs(name: string): number | null {
    return this.#readyMs.get(name) ?? null
  }

  /** These are the workers now. */
  follow(workers: readonly Starting[]): void {
    this.#workers = workers.filter(({ spawned }) => spawned)
    for (const worker of workers) {
      if (this.#followed.has(worker)) continue
      this.#followed.add(worker)
      worker.onChange((state) => this.#note(worker.name, state))
      this.#note(worker.name, worker.state)
    }
  }

  #note(name: string, state: WorkerState): void {
    if (state.kind === 'ready' && !this.#readyMs.has(name))
      this.#readyMs.set(name, performance.now() - this.#started)
    if (this.#workers.every((worker) => this.#readyMs.has(worker.name) || hasFailed(worker.state)))
      this.#settled.resolve()
  }
}

function hasFailed(state: WorkerState): boolean {
  return state.kind === 'failed' || state.kind === 'backing-off'
}
