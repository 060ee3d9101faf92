/** What has become of a worker that was started. */

import type { Problem } from '../fault/startup.ts'
import type { SupervisedWorker } from '../worker/types.ts'

/** Why a worker serves no more; null while nothing says so. */
export function endOf({ name, state }: SupervisedWorker): Problem | null {
  switch (state.kind) {
    case 'backing-off':
      return state.last
    case 'failed':
      return state.reason
    case 'draining':
    case 'stopped':
      return { code: stopped, message: `worker ${name} was stopped` }
    case 'starting':
    case 'ready':
    case 'unhealthy':
      return null
  }
}

/** Resolves to null when the worker answers, with all its replicas, to the reason when its start failed. */
export async function settled(worker: SupervisedWorker): Promise<Problem | null> {
  const problem = await oneSettled(worker)
  if (problem !== null) return problem
  const others = await Promise.all(worker.replicas.map(oneSettled))
  return others.find((other) => other !== null) ?? null
}

/** Code of the problem that a worker was told to stop meanwhile. */
export const stopped = 'stopped'

function oneSettled(worker: SupervisedWorker): Promise<Problem | null> {
  return new Promise((resolve) => {
    let begun = worker.state.kind !== 'stopped'
    const look = (): void => {
      if (worker.state.kind === 'ready') resolve(null)
      const problem = begun ? endOf(worker) : null
      if (problem !== null) resolve(problem)
    }
    worker.onChange(() => {
      begun = true
      look()
    })
    look()
  })
}
