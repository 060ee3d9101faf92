import type { WorkerConfig } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { ChildWorker } from './command.ts'
import { isChild } from './command.ts'
import { conflicts } from './conflict.ts'
import { checkDirectory } from './executable.ts'
import { findCommand, findInterpreter } from './plan.ts'
import { isProblem } from './problem.ts'
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

async function examine(worker: ChildWorker, room: WorkerRoom): Promise<readonly Problem[]> {
  const fights = conflicts(worker)
  const directory = checkDirectory(worker.run.cwd, worker.where)
  if (directory !== undefined) return [...fights, directory]
  if (worker.kind === 'http' || worker.kind === 'process') {
    const command = findCommand(worker, room)
    return isProblem(command) ? [...fights, command] : fights
  }
  const interpreter = await findInterpreter(worker, room)
  if (isProblem(interpreter)) return [...fights, interpreter]
  for (const { code, message, hint } of interpreter.warnings) {
    room.logger.warn({ worker: worker.name, code, hint }, message)
  }
  return fights
}
