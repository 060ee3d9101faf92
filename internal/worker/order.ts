import type { WorkerConfig } from '../config/config.ts'
import { isChild } from './command.ts'
import type { SupervisedWorker } from './types.ts'

/** A worker with its table of the configuration. */
export interface OrderedWorker {
  readonly config: WorkerConfig
  readonly worker: SupervisedWorker
}

/**
 * Starts workers, each when those named in its `after` have become ready, or have failed: a start that waited for
 * ever would be worse than one that may fail itself. Returns at once. Names that are not among `workers` count as
 * ready: they run already.
 */
export function startInOrder(workers: readonly OrderedWorker[]): void {
  for (const { config, worker } of workers) {
    const after = isChild(config) ? config.run.after : []
    const before = workers.filter((other) => after.includes(other.config.name))
    startAfter(
      worker,
      before.map((other) => other.worker),
    )
  }
}

function startAfter(worker: SupervisedWorker, before: readonly SupervisedWorker[]): void {
  let isDue = true
  const look = (): void => {
    if (!isDue || !before.every(hasSettled)) return
    isDue = false
    worker.start()
  }
  for (const other of before) other.onChange(look)
  look()
}

function hasSettled({ state, everReady }: SupervisedWorker): boolean {
  return everReady || state.kind === 'failed'
}
