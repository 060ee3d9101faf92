import type { WorkerConfig } from '../config/config.ts'
import { systemClock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import { isChild } from './command.ts'
import type { ElsewhereWorker } from './external.ts'
import { ExternalWorker } from './external.ts'
import { startGeneration } from './generation.ts'
import { History } from './history.ts'
import type { OutputEvent } from './output.ts'
import { Planner } from './plan.ts'
import { prepare } from './prepare.ts'
import { isProblem } from './problem.ts'
import { ReplicaSet } from './replica-set.ts'
import type { WorkerRoom } from './room.ts'
import { SpawnedWorker } from './spawned.ts'
import { StaticFiles } from './static.ts'
import { usualProbationMs } from './trial.ts'
import type { SupervisedWorker } from './types.ts'
import { measure } from './usage.ts'

/** How long requests in flight to an old generation may take, in milliseconds. */
const usualRetireMs = 20_000

/**
 * Makes the worker a table of the configuration describes. Nothing is started before `start`.
 *
 * @param history of the workers of that name before; left out = there was none
 */
export function createWorker(
  config: WorkerConfig,
  room: WorkerRoom,
  history: History = new History(),
): SupervisedWorker {
  const clock = systemClock()
  const { logger } = room
  if (config.kind === 'static') return new StaticFiles(config, clock)
  if (isElsewhere(config)) return new ExternalWorker(config, { clock, logger, rootPath: room.rootPath })
  if (!isChild(config)) throw new Error(`worker ${config.name} is neither spawned nor elsewhere`)
  const { replicas } = config.run
  if (replicas === 1) return spawnedWorker(config, config.name, room, history)
  const names = Array.from({ length: replicas }, (_, index) => `${config.name}.${index + 1}`)
  const members = names.map((name, index) =>
    spawnedWorker({ ...config, name }, config.name, room, history, index === 0),
  )
  return new ReplicaSet(config, members)
}

// `routed` is the name requests are routed by, which several replicas share. Only the first of them runs the commands
// of `before_start`: it is started and replaced before the others.
function spawnedWorker(
  config: ChildWorker,
  routed: string,
  room: WorkerRoom,
  history: History,
  prepares = true,
): SpawnedWorker {
  const clock = systemClock()
  const { logger, retireMs = usualRetireMs } = room
  const planner = new Planner(config, room)
  const onOutput = room.onOutput ?? ((event: OutputEvent) => logOutput(room, event))
  const surroundings = { onOutput, watcher: room.watcher }
  return new SpawnedWorker({
    worker: config,
    policy: room.restart,
    clock,
    logger,
    endsHangs: room.mode === 'serve',
    probationMs: room.probationMs ?? usualProbationMs,
    retire: (address) => within(retireMs, room.retire?.(routed, address, retireMs)),
    measure,
    tally: history.tally(config.name),
    launch: async (generation, signal) => {
      const plan = await planner.plan(generation)
      if (isProblem(plan)) return plan
      const problem = prepares ? await prepare(plan, surroundings, signal) : null
      // A database that is not up yet may be there in a second.
      if (problem !== null) return { kind: 'failed', problem, permanent: false, portLost: false }
      return startGeneration(plan, surroundings)
    },
  })
}

// What goes wrong while waiting must not keep the old process for ever.
async function within(ms: number, work: Promise<void> | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work?.catch(() => undefined), promise])
  clearTimeout(timer)
}

function isElsewhere(config: WorkerConfig): config is ElsewhereWorker {
  return config.kind !== 'static' && config.run.kind === 'url'
}

// Python writes its log to standard error whatever the level, so the stream says nothing about severity.
function logOutput({ logger, heard }: WorkerRoom, event: OutputEvent): void {
  const { worker, pid, stream, text, fields } = event
  heard?.(event)
  logger.info({ worker, pid, stream, ...(fields === undefined ? {} : { fields }) }, text)
}
