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
  const found = await Promise.all(workers.filter(isChild).map((worker) => examine(worker, room)))
  return found.flat()
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
