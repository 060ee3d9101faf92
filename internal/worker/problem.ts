import type { Problem } from '../fault/startup.ts'

/** Tells a problem from the value it came instead of. */
export function isProblem(value: object): value is Problem {
  return 'code' in value && typeof value.code === 'string' && 'message' in value
}

/** Says that a worker has no process of ours that could be replaced. */
export function notSpawned(worker: { readonly name: string; readonly where: string }): Problem {
  const { name, where } = worker
  return { code: 'worker_not_spawned', message: `worker ${name} is not started by the gateway`, where }
}

/** Says that a worker nobody has started cannot be replaced. */
export function notStarted(worker: { readonly name: string; readonly where: string }): Problem {
  const { name, where } = worker
  return { code: 'worker_not_started', message: `worker ${name} has not been started yet`, where }
}

/** Says that a worker is on its way out. */
export function stopping(worker: { readonly name: string; readonly where: string }): Problem {
  const { name, where } = worker
  return { code: 'worker_stopping', message: `worker ${name} is being stopped`, where }
}
