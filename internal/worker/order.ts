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
  const awaited = new Set(before)
  let isDue = true
  const look = (): void => {
    for (const other of awaited) if (hasSettled(other)) awaited.delete(other)
    if (!isDue || awaited.size > 0) return
    isDue = false
    worker.start()
  }
  for (const other of before) other.onChange(look)
  look()
}

// By its state: whether it was ever ready may have been under the configuration before.
function hasSettled({ state }: SupervisedWorker): boolean {
  return state.kind === 'ready' || state.kind === 'failed'
}
