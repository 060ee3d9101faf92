/** `fluxlit serve` from configuration to exit code: the only place that listens to the process's signals. */

import { exitCode, type Problem } from '../fault/startup.ts'
import { createLogger, type LogTarget } from '../log/logger.ts'
import type { Logger } from '../log/types.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { Gateway, type GatewayParts } from './gateway.ts'

/** How a run ends: the exit code, and the problems to print when it never came up. */
export interface RunOutcome {
  readonly exitCode: number
  readonly problems: readonly Problem[]
}

type Ending =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'never-ready'; readonly problems: readonly Problem[] }
  | { readonly kind: 'gave-up'; readonly problems: readonly Problem[] }

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** What a run is made from. */
export interface RunParts extends Omit<GatewayParts, 'logger'> {
  /** Where log lines go. */
  readonly output: LogTarget
  /** What detection chose, in words. */
  readonly notes: readonly string[]
}

/** Runs a gateway until it is told to stop or cannot go on. @throws StartupError as {@link Gateway.start} */
export async function run(parts: RunParts): Promise<RunOutcome> {
  const { logger } = createLogger(parts.config.log, parts.output)
  for (const note of parts.notes) logger.info({}, `found ${note}`)
  const signals = new SignalDesk()
  try {
    const gateway = await Gateway.start({ ...parts, logger })
    signals.onSecond = (signal) => {
      gateway.destroy()
      process.exit(128 + (signalNumbers[signal] ?? 0))
    }
    const ending = await Promise.race([signals.first, watch(gateway.workers, logger)])
    if (ending.kind === 'signal') logger.info({ signal: ending.signal }, 'stopping')
    const outcome = await gateway.stop()
    logger.info({}, 'stopped')
    return conclude(ending, outcome.cutRequests)
  } finally {
    signals.close()
  }
}

function conclude(ending: Ending, cutRequests: boolean): RunOutcome {
  switch (ending.kind) {
    case 'never-ready':
      return { exitCode: exitCode.failed, problems: ending.problems }
    case 'gave-up':
      return { exitCode: exitCode.gaveUp, problems: ending.problems }
    case 'signal':
      return { exitCode: cutRequests ? exitCode.unclean : exitCode.ok, problems: [] }
  }
}

/** The first stop signal ends the run, the second ends the process. */
class SignalDesk {
  readonly first: Promise<Ending>
  onSecond: (signal: NodeJS.Signals) => void = (signal) => process.exit(128 + (signalNumbers[signal] ?? 0))
  readonly #listener: (signal: NodeJS.Signals) => void

  constructor() {
    const first = Promise.withResolvers<Ending>()
    this.first = first.promise
    let seen = false
    this.#listener = (signal) => {
      if (seen) this.onSecond(signal)
      seen = true
      first.resolve({ kind: 'signal', signal })
    }
    for (const signal of stopSignals) process.on(signal, this.#listener)
  }

  close(): void {
    for (const signal of stopSignals) process.off(signal, this.#listener)
  }
}

/**
 * Follows the workers: says when all are ready, and resolves when the gateway has no reason to live. That is
 * decided only when every required worker has settled, so that it does not depend on which was faster.
 */
function watch(workers: readonly SupervisedWorker[], logger: Logger): Promise<Ending> {
  return new Promise((resolve) => {
    const started = performance.now()
    let announced = false
    const look = (): void => {
      const ending = verdict(workers)
      if (ending !== null) return resolve(ending)
      if (workers.some((worker) => worker.everReady && worker.spawned)) keepTrying(workers)
      if (announced || !workers.every((worker) => !worker.required || worker.state.kind === 'ready')) return
      announced = true
      logger.info({ after_ms: Math.round(performance.now() - started) }, 'ready')
    }
    for (const worker of workers) worker.onChange(look)
    look()
  })
}

/** Null = go on. A worker run elsewhere never fails for good; it is waited for without end. */
function verdict(workers: readonly SupervisedWorker[]): Ending | null {
  const over = workers.filter(({ state }) => state.kind === 'failed' && !state.retrying)
  const gaveUp = over.filter((worker) => worker.everReady)
  if (gaveUp.length > 0) return { kind: 'gave-up', problems: gaveUp.flatMap(reasonOf) }
  const required = workers.filter((worker) => worker.required && worker.spawned)
  const hopeless = required.length > 0 && required.every((worker) => over.includes(worker))
  return hopeless ? { kind: 'never-ready', problems: required.flatMap(reasonOf) } : null
}

/** Somebody is served: a worker that does not start is tried again instead of ending the gateway. */
function keepTrying(workers: readonly SupervisedWorker[]): void {
  for (const worker of workers) if (!worker.everReady && worker.state.kind === 'failed') worker.keepTrying()
}

function reasonOf({ state }: SupervisedWorker): readonly Problem[] {
  return state.kind === 'failed' ? [state.reason] : []
}
