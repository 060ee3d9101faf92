import type { WorkerConfig } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import { accountOf } from './account.ts'
import type { ChildWorker } from './command.ts'
import { isChild } from './command.ts'
import { conflicts } from './conflict.ts'
import { placed } from './place.ts'
import { findCommand, findInterpreter } from './plan.ts'
import { isProblem } from './problem.ts'
import { limiterOf } from './rlimits.ts'
import type { WorkerRoom } from './room.ts'

/**
 * Looks at everything that would keep a worker from starting, before the first process is spawned: directories,
 * interpreters and what is installed in them, commands, arguments that fight the gateway's.
 *
 * @returns every problem of every worker; what is only worth a warning is logged
 */
export async function preflight(
  workers: readonly WorkerConfig[],
  room: WorkerRoom,
): Promise<readonly Problem[]> {
  if (process.platform === 'win32') return notOnWindows(workers)
  const found = await Promise.all(workers.filter(isChild).map((worker) => examine(worker, room)))
  return found.flat()
}

/**
 * Nothing is started on Windows: there are no process groups to end, no signals to stop with, no sockets in private
 * directories, and so nothing that the rest counts on.
 */
export function notOnWindows(workers: readonly WorkerConfig[]): readonly Problem[] {
  return workers.filter(isChild).map(({ name, where }) => ({
    code: 'not_on_windows',
    message: `worker ${name} would have to be started by the gateway, which it does not do on Windows`,
    where,
    hint: `start it yourself and write url = "http://127.0.0.1:PORT" in [workers.${name}] (\`fluxlit check --worker ${name}\` prints its arguments), or use the Linux executable in WSL`,
  }))
}

async function examine(configured: ChildWorker, room: WorkerRoom): Promise<readonly Problem[]> {
  const fights = conflicts(configured)
  const worker = placed(configured)
  if (isProblem(worker)) return [...fights, worker]
  const account = accountOf(worker, room)
  if (account !== null && isProblem(account)) return [...fights, account]
  const limiter = limiterOf(worker, room, account)
  if (isProblem(limiter)) return [...fights, limiter]
  if (worker.kind === 'http' || worker.kind === 'process') {
    const command = findCommand(worker, room, account)
    return isProblem(command) ? [...fights, command] : fights
  }
  const interpreter = await findInterpreter(worker, room, account)
  if (isProblem(interpreter)) return [...fights, interpreter]
  for (const { code, message, hint } of interpreter.warnings) {
    room.logger.warn({ worker: worker.name, code, hint }, message)
  }
  return fights
}
