/** `fluxlit serve` from configuration to exit code. */

import { exitCode, type Problem } from '../fault/startup.ts'
import { auditResult } from '../admin/control.ts'
import { openLog, type Log, type LogTarget } from '../log/logger.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { Development, type DevelopmentOptions } from './dev/development.ts'
import { Gateway, type GatewayParts } from './gateway.ts'
import { SignalDesk, type Ending } from './signals.ts'
import { openSystem, statusLine, type System } from './system.ts'

/** What a run is made from. */
export interface RunParts extends Omit<
  GatewayParts,
  'logger' | 'audit' | 'passed' | 'onStop' | 'explain' | 'logDropped'
> {
  /** Where log lines go. */
  readonly output: LogTarget
  /** What detection chose, in words. */
  readonly notes: readonly string[]
  /** Set by `fluxlit dev`. */
  readonly development?: DevelopmentOptions
}

/** How a run ends: the exit code, and the problems to print when it never came up. */
export interface RunOutcome {
  readonly exitCode: number
  readonly problems: readonly Problem[]
}

/** How long a slow reader of our output may keep the process at its end, in milliseconds. */
const flushMs = 1_000

/**
 * Runs a gateway until it is told to stop or cannot go on.
 * @throws StartupError as {@link Gateway.start}, and when the log file cannot be opened
 */
export async function run(parts: RunParts): Promise<RunOutcome> {
  const config = parts.config.log
  // Whoever develops looks at the terminal, also with the configuration of the server.
  const log = await openLog(parts.mode === 'dev' ? { ...config, file: null } : config, parts.output)
  try {
    return await serve(parts, log)
  } finally {
    await log.close(flushMs)
  }
}

async function serve(parts: RunParts, log: Log): Promise<RunOutcome> {
  const { audit, logger } = log
  for (const note of parts.notes) logger.info({}, `found ${note}`)
  using system = openSystem(parts.env, logger)
  const signals = new SignalDesk({
    reopen: () => log.reopen(),
    hangUp: parts.mode === 'dev' ? 'stop' : 'reload',
  })
  const development = openDevelopment(parts, log, signals)
  try {
    const gateway = await Gateway.start({
      ...parts,
      logger,
      audit,
      passed: system.passed,
      logDropped: () => log.dropped(),
      onStop: () => signals.ask('stop'),
      explain: development === null ? null : (worker) => development.explain(worker),
    })
    log.announce({ url: gateway.url }, 'listening')
    audit({ event: 'gateway.start', version: parts.version, pid: process.pid, config: parts.config.sources })
    process.once('uncaughtException', (error) => crash(gateway, log, error))
    signals.serve({
      reload: () =>
        void reloadBySignal(gateway, log, system).catch((error: unknown) =>
          logger.error({ error: String(error) }, 'reload failed'),
        ),
      dump: () => logger.info({ status: gateway.status() }, 'state'),
      now: () => gateway.destroy(),
    })
    development?.attach(gateway)
    const ending = await Promise.race([signals.asked, watch(gateway, log, system, parts.mode)])
    if (ending.kind === 'asked') logger.info({ by: ending.by }, 'stopping')
    if (ending.kind === 'asked' && ending.by.startsWith('SIG'))
      audit({ event: 'stop', actor: { via: 'signal', signal: ending.by } })
    system.notifier.stopping()
    extendStop(gateway, system)
    const outcome = await gateway.close()
    logger.info({}, 'stopped')
    log.announce({}, 'stopped')
    const concluded = conclude(ending, outcome.cutRequests)
    audit({ event: 'gateway.stop', exit_code: concluded.exitCode, reason: ending.kind })
    return concluded
  } finally {
    development?.close()
    signals.close()
  }
}

function openDevelopment(
  { development, config }: RunParts,
  log: Log,
  signals: SignalDesk,
): Development | null {
  if (development === undefined) return null
  const room = {
    logger: log.logger,
    print: (text: string) => log.write(text),
    quit: () => signals.ask('q'),
    interrupt: () => signals.interrupt(),
  }
  return new Development(development, room, config.rootPath)
}

function conclude(ending: Ending, cutRequests: boolean): RunOutcome {
  switch (ending.kind) {
    case 'never-ready':
      return { exitCode: exitCode.failed, problems: ending.problems }
    case 'gave-up':
      return { exitCode: exitCode.gaveUp, problems: ending.problems }
    case 'asked':
      return { exitCode: cutRequests ? exitCode.unclean : exitCode.ok, problems: [] }
  }
}

async function reloadBySignal(gateway: Gateway, { audit, logger }: Log, system: System): Promise<void> {
  system.notifier.reloading()
  const outcome = await gateway.reload((line) => logger.info({}, line))
  audit({ event: 'reload', actor: { via: 'signal', signal: 'SIGHUP' }, ...auditResult(outcome) })
  if (outcome.ok) for (const line of outcome.lines) logger.info({}, line)
  else {
    for (const { code, where, message, hint } of outcome.problems) {
      logger.error(
        { code, where, hint },
        `reload failed, still running the previous configuration: ${message}`,
      )
    }
  }
  system.notifier.ready(statusLine(gateway.workers))
}

/** A bug: nothing is known about the state any more, but the workers must not outlive the gateway. */
function crash(gateway: Gateway, log: Log, error: Error): void {
  // Another one on the way out changes nothing.
  process.on('uncaughtException', giveUp)
  log.logger.error({ stack: error.stack }, `internal error: ${error.message}`)
  log.audit({ event: 'gateway.stop', exit_code: exitCode.internal, reason: 'internal error' })
  gateway.destroy()
  log.close(flushMs).then(giveUp, giveUp)
}

function giveUp(): never {
  process.exit(exitCode.internal)
}

/** The service manager's own limit may be shorter than the one the configuration allows. */
function extendStop({ config }: Gateway, { notifier }: System): void {
  const graces = config.workers.map((worker) =>
    worker.kind !== 'static' && worker.run.kind !== 'url' ? worker.run.stopGraceMs : 0,
  )
  notifier.extendTimeout(config.drain.delayMs + config.drain.timeoutMs + Math.max(0, ...graces) + 5_000)
}

/**
 * Follows the workers: says when all are ready, and resolves when the gateway has no reason to live. That is
 * decided only when every required worker has settled, so that it does not depend on which was faster.
 */
function watch(gateway: Gateway, log: Log, { notifier }: System, mode: RunParts['mode']): Promise<Ending> {
  return new Promise((resolve) => {
    const started = performance.now()
    const followed = new WeakSet<SupervisedWorker>()
    let announced = false
    const look = (): void => {
      const { workers } = gateway
      // Whoever develops an app breaks it all the time: the page says how, and a change starts it again.
      const ending = mode === 'dev' ? null : verdict(workers)
      if (ending !== null) return resolve(ending)
      if (mode === 'dev' || workers.some((worker) => worker.everReady && worker.spawned)) keepTrying(workers)
      if (announced) return notifier.status(statusLine(workers))
      if (!workers.every((worker) => !worker.required || worker.state.kind === 'ready')) return
      announced = true
      const after = { after_ms: Math.round(performance.now() - started) }
      log.logger.info(after, 'ready')
      log.announce(after, 'ready')
      notifier.ready(statusLine(workers))
    }
    gateway.onFleet((workers) => {
      for (const worker of workers) if (!followed.has(worker)) worker.onChange(look)
      for (const worker of workers) followed.add(worker)
      look()
    })
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
