/**
 * The composition root: builds every room from the configuration, starts them in order and stops them in the
 * reverse one. Start: bind -> check the workers' programs -> spawn -> ready. Stop: not ready -> pause -> stop
 * accepting -> end WebSockets -> finish requests -> stop workers. The workers outlive the listener.
 */

import type { Config } from '../config/config.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import type { HealthView } from '../health/health.ts'
import { createAccessLog } from '../log/access.ts'
import type { Logger } from '../log/types.ts'
import type { Listener } from '../server/listener.ts'
import { openRuntimeDir } from '../worker/runtime-dir.ts'
import type { SupervisedWorker } from '../worker/types.ts'

import type { WorkerRoom } from '../worker/room.ts'
import { preflight } from '../worker/preflight.ts'
import { createWorker } from '../worker/worker.ts'
import { Backend } from './backend.ts'
import { createRequestDeps, openListener } from './listeners.ts'

/** What the gateway is built from. */
export interface GatewayParts {
  readonly config: Config
  readonly logger: Logger
  /** The gateway's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Source text of the Python bootstrap. */
  readonly bootstrapSource: string
  /** Where the listening address came from, for the message when it is taken. */
  readonly listenOrigin: string
}

/** How a stop ended. */
export interface StopOutcome {
  /** Requests were still in flight at the deadline. */
  readonly cutRequests: boolean
}

/** A running gateway. */
export class Gateway {
  readonly #parts: GatewayParts
  readonly #open: AsyncDisposableStack
  readonly #workers: readonly SupervisedWorker[]
  readonly #listeners: readonly Listener[]
  readonly #view: { draining: boolean }
  #stopping: Promise<StopOutcome> | null = null

  private constructor(
    parts: GatewayParts,
    open: AsyncDisposableStack,
    workers: readonly SupervisedWorker[],
    listeners: readonly Listener[],
    view: { draining: boolean },
  ) {
    this.#parts = parts
    this.#open = open
    this.#workers = workers
    this.#listeners = listeners
    this.#view = view
  }

  /**
   * Binds, checks, spawns. Returns when the workers have been started, not when they are ready.
   * @throws StartupError when the port is taken or a worker's program cannot run; nothing is left behind
   */
  static async start(parts: GatewayParts): Promise<Gateway> {
    await using open = new AsyncDisposableStack()
    const { config, logger } = parts
    const runtime = openRuntimeDir({ instanceKey: config.instanceKey, env: parts.env })
    if ('code' in runtime) throw new StartupError([runtime], exitCode.usage)
    open.defer(() => runtime.close())

    const view = { draining: false }
    let internalUrl = ''
    const room: WorkerRoom = {
      logger,
      runtimeDir: runtime,
      bootstrapPath: runtime.write('bootstrap.py', parts.bootstrapSource),
      restart: config.restart,
      rootPath: config.rootPath,
      internalApiBase: () => internalUrl + apiPath(config),
      apiPrefix: apiPath(config),
      mode: 'serve',
      stateDir: config.stateDir,
      env: parts.env,
      root: config.root,
    }
    const workers = config.workers.map((worker) => createWorker(worker, room))
    const backends = createBackends(config, workers)
    const deps = createRequestDeps({
      config,
      backends,
      health: (): HealthView => ({ workers, draining: view.draining }),
      accessLog: createAccessLog(logger, config.log.access),
    })
    const internal = await openListener(config.internalListen, 'internal.listen', deps(true))
    open.defer(() => internal.destroy())
    internalUrl = internal.url + config.rootPath
    const front = await openListener(config.listen, parts.listenOrigin, deps(false))
    open.defer(() => front.destroy())
    logger.info({ url: front.url + config.rootPath }, 'listening')

    await check(config, room)
    for (const backend of backends) open.defer(() => backend.close())
    for (const worker of workers) open.defer(() => worker.close())
    for (const worker of workers) worker.start()
    return new Gateway(parts, open.move(), workers, [front, internal], view)
  }

  /** The workers, in the order of the configuration. */
  get workers(): readonly SupervisedWorker[] {
    return this.#workers
  }

  /** Stops gracefully within `drain.delay` + `drain.timeout` + the workers' grace. Idempotent. */
  stop(): Promise<StopOutcome> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** Ends everything now, synchronously. */
  destroy(): void {
    for (const worker of this.#workers) worker.destroy()
    for (const listener of this.#listeners) listener.destroy()
  }

  async #stop(): Promise<StopOutcome> {
    const { drain } = this.#parts.config
    this.#view.draining = true
    await pause(drain.delayMs)
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()))
    for (const listener of this.#listeners) listener.endUpgraded()
    const finished = await within(drain.timeoutMs, closed)
    for (const listener of this.#listeners) listener.destroy()
    await this.#open.disposeAsync()
    return { cutRequests: !finished }
  }
}

/** Path of the API below the root path, `''` when there is none to speak of. */
function apiPath(config: Config): string {
  const api = config.workers.find((worker) => worker.kind === 'uvicorn')
  return api === undefined || api.mount === '/' ? '' : api.mount
}

function createBackends(config: Config, workers: readonly SupervisedWorker[]): readonly Backend[] {
  const { timeouts, limits } = config
  return config.workers.flatMap((worker, index) => {
    const running = workers[index]
    if (worker.kind === 'process' || running === undefined) return []
    const upstream = {
      connectMs: timeouts.connectMs,
      responseHeadersMs: timeouts.responseHeadersMs,
      responseIdleMs: timeouts.responseIdleMs,
      // Uvicorn is started with 75 s; of all others only its default of 5 s is known.
      keepAliveMs: worker.kind === 'uvicorn' && worker.run.kind === 'spawn' ? 60_000 : 4_000,
      connections: 1024,
      headerBytes: limits.headerBytes,
    }
    const options = { rootPath: config.rootPath, upstream, holdMs: timeouts.holdMs, maxHeld: 1024 }
    return [new Backend(running, worker, options)]
  })
}

/** Every program that cannot run is reported before any is started. */
async function check(config: Config, room: WorkerRoom): Promise<void> {
  const [first, ...others] = await preflight(config.workers, room)
  if (first === undefined) return
  const problems: readonly [Problem, ...Problem[]] = [first, ...others]
  const missingModule = problems.some((problem) => problem.code === 'module_missing')
  throw new StartupError(problems, missingModule ? exitCode.failed : exitCode.usage)
}

/** Whether `work` was done before `ms` passed. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(late.resolve, ms, false)
  try {
    return await Promise.race([work.then(() => true), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
