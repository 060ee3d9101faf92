import type { WorkerConfig } from '../config/config.ts'
import { systemClock } from './clock.ts'
import { isChild } from './command.ts'
import type { ElsewhereWorker } from './external.ts'
import { ExternalWorker } from './external.ts'
import { startGeneration } from './generation.ts'
import type { OutputEvent } from './output.ts'
import { Planner } from './plan.ts'
import { isProblem } from './problem.ts'
import type { WorkerRoom } from './room.ts'
import { SpawnedWorker } from './spawned.ts'
import { StaticFiles } from './static.ts'
import type { SupervisedWorker } from './types.ts'

/** Makes the worker a table of the configuration describes. Nothing is started before `start`. */
export function createWorker(config: WorkerConfig, room: WorkerRoom): SupervisedWorker {
  const clock = systemClock()
  const { logger } = room
  if (config.kind === 'static') return new StaticFiles(config, clock)
  if (isElsewhere(config)) return new ExternalWorker(config, { clock, logger, rootPath: room.rootPath })
  if (!isChild(config)) throw new Error(`worker ${config.name} is neither spawned nor elsewhere`)
  const planner = new Planner(config, room)
  const onOutput = room.onOutput ?? ((event) => logOutput(room, event))
  return new SpawnedWorker({
    worker: config,
    policy: room.restart,
    clock,
    logger,
    launch: async (generation) => {
      const plan = await planner.plan(generation)
      return isProblem(plan) ? plan : startGeneration(plan, onOutput)
    },
  })
}

function isElsewhere(config: WorkerConfig): config is ElsewhereWorker {
  return config.kind !== 'static' && config.run.kind === 'url'
}

// Python writes its log to standard error whatever the level, so the stream says nothing about severity.
function logOutput({ logger }: WorkerRoom, { worker, stream, text, fields }: OutputEvent): void {
  logger.info({ worker, stream, ...(fields === undefined ? {} : { fields }) }, text)
}
