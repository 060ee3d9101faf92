/**
 * The composition root: builds every room from the configuration, starts them in order and stops them in the
 * reverse one. Start: bind -> check the workers' programs -> spawn -> ready. Stop: not ready -> pause -> stop
 * accepting -> close WebSockets while requests finish -> stop workers. The workers outlive the listener.
 */

import { join } from 'node:path'
import type { SessionChoice, SessionsReport } from '../admin/sessions.ts'
import { ControlServer } from '../admin/control-server.ts'
import type {
  ControlOutcome,
  ControlTarget,
  MaintenanceOutcome,
  MaintenanceRequest,
} from '../admin/control.ts'
import { makeStatusReport, type StatusReport } from '../admin/status.ts'
import type { Config, Origin } from '../config/config.ts'
import type { ReportValues } from '../config/context.ts'
import { readKeyPair } from '../config/key-pair.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { Watcher } from '../host/watcher.ts'
import { createAccessLog, type AccessLog } from '../log/access.ts'
import type { Audit } from '../log/audit.ts'
import type { Logger } from '../log/types.ts'
import { Certificates } from '../server/certificates.ts'
import type { Listener } from '../server/listener.ts'
import { Maintenance } from '../maintenance/maintenance.ts'
import type { WhyReport } from '../recent/why.ts'
import { startInOrder } from '../worker/order.ts'
import { cookieSecret } from '../worker/cookie-secret.ts'
import { preflight } from '../worker/preflight.ts'
import type { WorkerRoom } from '../worker/room.ts'
import { lazily, type PackageFiles } from '../worker/sdk.ts'
import { openRuntimeDir, type RuntimeDir } from '../worker/runtime-dir.ts'
import { isProblem } from '../worker/problem.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { serviceRestart } from '../proxy/tunnel.ts'
import { createAuthWatch } from './auth-watch.ts'
import { pause, within } from './deadline.ts'
import type { RequestDeps } from './deps.ts'
import {
  apiPath,
  assembleFleet,
  backendsOf,
  closeMembers,
  factsOf,
  workersOf,
  type Fleet,
  type Member,
} from './fleet.ts'
import { originOfKey, type AddressOrigin, type PublicSocket } from './bind.ts'
import { createRequestDeps, listenerLimits, openListener } from './listeners.ts'
import { endEscaped, endLeftBehind } from './left-behind.ts'
import { Operations } from './operations.ts'
import { Operators } from './operators/operators.ts'
import { PageResumption } from './page-resumption.ts'
import { reload } from './reload.ts'
import { exposedSecrets } from './exposed-secrets.ts'
import { restart } from './restart.ts'
import { endSessions, listSessions, type SessionDeskRoom } from './session-desk.ts'
import { withoutSecrets } from './secrets.ts'
import { SignIn } from './sign-in.ts'

/** What the gateway is built from. */
export interface GatewayParts {
  readonly config: Config
  readonly logger: Logger
  readonly audit: Audit
  /** The gateway's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Source text of the Python bootstrap. */
  readonly bootstrapSource: string
  /** The Python package for the workers of a `target`, read when there are any. */
  readonly sdk: () => PackageFiles
  /** Text of the status page; asked for when somebody looks at it. */
  readonly statusPage: () => string
  readonly version: string
  /** Commit it was built from. */
  readonly commit?: string
  readonly mode: 'serve' | 'dev'
  /** Command line that starts this program again, for the watcher where there is no shell. */
  readonly self: readonly [string, ...string[]]
  /** A socket the service manager opened, instead of the configured address. */
  readonly passed: PublicSocket | null
  /** Reads the configuration again, as at the start. */
  readonly readConfig: () =>
    | { readonly config: Config; readonly values?: ReportValues }
    | { readonly problems: readonly Problem[] }
  /** The configuration for people: every value with its origin, without secrets. */
  readonly values?: ReportValues
  /** Log lines that were never written. */
  readonly logDropped?: () => number
  /** In development: the page for a worker that does not run. */
  readonly explain: ((worker: string) => string | null) | null
  /** Begins the stop of the whole process; asked for over the control socket. */
  readonly onStop: () => void
}

/** How a stop ended. */
export interface StopOutcome {
  /** Requests were still in flight at the deadline. */
  readonly cutRequests: boolean
}

/** What changes when a configuration is reloaded: one value, so that a request sees all of it or nothing. */
interface Current {
  readonly fleet: Fleet
  readonly front: RequestDeps
  readonly internal: RequestDeps
  readonly redirect: RequestDeps
}

type FixedRoom = Omit<
  WorkerRoom,
  'restart' | 'env' | 'identity' | 'rootPath' | 'apiPrefix' | 'internalApiBase' | 'retireMs'
>

/** A running gateway. */
export class Gateway implements ControlTarget {
  readonly #parts: GatewayParts
  readonly #runtime: RuntimeDir
  readonly #open = new AsyncDisposableStack()
  readonly #watcher: Watcher
  readonly #operations = new Operations()
  /** Workers a reload has started and not taken over yet. */
  readonly #pending = new Set<Member>()
  readonly #operators: Operators
  readonly #maintenance: Maintenance
  readonly #signIn: SignIn
  readonly #resumption = new PageResumption()
  /** Of the hashes that stand for people in the log; the same ones after a restart where there is a state directory. */
  #userKey: string | null = null
  /** What a reload cannot change about where workers live. */
  readonly #fixedRoom: FixedRoom
  #room: WorkerRoom
  #values: ReportValues
  readonly #startedAt = { wall: Date.now(), monotonic: performance.now() }
  readonly #onFleet: ((fleet: Fleet) => void)[] = []
  /** The workers' own is the last one. */
  #listeners: readonly Listener[] = []
  #current: Current
  #draining = false
  #internalUrl = ''
  #publicUrl = ''
  #publicPort = 0
  #certificates: Certificates | null = null
  #stopping: Promise<StopOutcome> | null = null

  private constructor(parts: GatewayParts, runtime: RuntimeDir) {
    const { config } = parts
    this.#parts = parts
    this.#runtime = runtime
    this.#values = parts.values ?? new Map()
    this.#maintenance = Maintenance.open(config.stateDir, parts.logger)
    this.#operators = this.#makeOperators()
    const { auth: counts } = this.#operators
    const watch = createAuthWatch(counts, parts.audit)
    this.#signIn = new SignIn({
      watch,
      counts,
      logger: parts.logger,
      audit: parts.audit,
      env: parts.env,
      listening: () => this.#publicUrl,
      keysFetched: (result) => counts.add(counts.keyFetches, result),
      untrusted: watch.untrusted,
    })
    this.#watcher = new Watcher({
      self: parts.self,
      onLost: (reason) => parts.logger.warn({ reason }, 'nobody would end the workers of a killed gateway'),
    })
    this.#fixedRoom = {
      watcher: this.#watcher,
      logger: parts.logger,
      heard: (event) => this.#operators.heard(event),
      streamlitAt: (address, version) => this.#resumption.note(address, version),
      runtimeDir: runtime,
      bootstrapPath: runtime.write('bootstrap.py', parts.bootstrapSource),
      sdk: lazily(parts.sdk, join(runtime.path, 'python')),
      mode: parts.mode,
      stateDir: config.stateDir,
      root: config.root,
      // Whoever saves a file again at once does not want to wait for the version before.
      ...(parts.mode === 'dev' ? { probationMs: 0 } : {}),
      retire: async (name, address, deadlineMs) => {
        const member = this.#current.fleet.members.find(({ worker }) => worker.name === name)
        await member?.backend?.retire(address, deadlineMs)
      },
    }
    this.#room = this.#roomFor(config)
    this.#current = this.#compose(assembleFleet(config, this.#room))
  }

  /**
   * Binds, checks, spawns. Returns when the workers have been started, not when they are ready.
   * @throws StartupError when the port is taken or a worker's program cannot run; nothing is left behind
   */
  static async start(parts: GatewayParts): Promise<Gateway> {
    const runtime = openRuntimeDir({ instanceKey: parts.config.instanceKey, env: parts.env })
    if (isProblem(runtime)) throw new StartupError([runtime], exitCode.usage)
    const gateway = new Gateway(parts, runtime)
    gateway.#open.defer(() => runtime.close())
    gateway.#open.defer(() => gateway.#operators.close())
    gateway.#open.defer(() => gateway.#watcher.close())
    gateway.#open.defer(() => gateway.#signIn.close())
    try {
      await gateway.#openLogin()
      await gateway.#start()
      return gateway
    } catch (error) {
      await gateway.#open.disposeAsync()
      throw error
    }
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#current.fleet.config
  }

  /** Where browsers reach it. */
  get url(): string {
    return this.#publicUrl + this.config.rootPath
  }

  /** The workers, in the order of the configuration. */
  get workers(): readonly SupervisedWorker[] {
    return workersOf(this.#current.fleet)
  }

  /** Calls `listener` now and after every reload with the workers there are. */
  onFleet(listener: (workers: readonly SupervisedWorker[]) => void): void {
    const tell = (fleet: Fleet): void => listener(workersOf(fleet))
    this.#onFleet.push(tell)
    tell(this.#current.fleet)
  }

  status(): StatusReport {
    return makeStatusReport(
      {
        version: this.#parts.version,
        url: this.url,
        instance: this.config.instanceKey,
        sources: this.config.sources,
        startedAt: this.#startedAt.wall,
        uptimeMs: performance.now() - this.#startedAt.monotonic,
        draining: this.#draining,
        maintenance: (worker) => this.#maintenance.of(worker),
        traffic: (worker) => this.#operators.traffic(worker),
      },
      factsOf(this.#current.fleet),
    )
  }

  why(id: string): WhyReport {
    return this.#operators.why(id)
  }

  drain(): void {
    if (!this.#draining) this.#parts.logger.info({}, 'draining: not ready from now on, still serving')
    this.#leave()
  }

  /** Not ready, and no connection is kept for another request. The workers' own listener stays as it is. */
  #leave(): void {
    this.#draining = true
    for (const listener of this.#listeners.slice(0, -1)) listener.sendAway()
  }

  maintenance({ on, workers, message }: MaintenanceRequest): MaintenanceOutcome {
    const { logger } = this.#parts
    const backends = backendsOf(this.#current.fleet)
    const names = backends.map(({ config }) => config.name)
    const lost = on ? this.#maintenance.begin(workers, message) : this.#maintenance.end(workers, names)
    for (const backend of backends) {
      // The page in the browser comes back, asks, and is told.
      if (this.#maintenance.of(backend.config.name) !== null) backend.closeTunnels(serviceRestart, 0)
      else backend.welcomeTunnels()
    }
    logger.info(on ? { workers, message } : { workers }, `maintenance ${on ? 'on' : 'off'}`)
    this.#operators.changed()
    return { lost }
  }

  sessions(chosen: SessionChoice): Promise<SessionsReport> {
    return listSessions(this.#sessionDesk(), chosen)
  }

  endSessions(chosen: SessionChoice): Promise<SessionsReport> {
    return endSessions(this.#sessionDesk(), chosen)
  }

  restart(names: readonly string[], progress: (line: string) => void): Promise<ControlOutcome> {
    return this.#operations.run(() => restart(this.#current.fleet, names, progress))
  }

  reload(progress: (line: string) => void): Promise<ControlOutcome> {
    return this.#operations.run(async () => {
      const outcome = await this.#reload(progress)
      this.#operators.reloaded(outcome.ok)
      return outcome
    })
  }

  /** Asks for the stop of the process; see {@link close}. */
  stop(): void {
    this.#parts.onStop()
  }

  /** Stops gracefully within `drain.delay` + `drain.timeout` + the workers' grace. Idempotent. */
  close(): Promise<StopOutcome> {
    this.#operations.refuse()
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  /** Ends everything now, synchronously. */
  destroy(): void {
    for (const worker of this.workers) worker.destroy()
    for (const { worker } of this.#pending) worker.destroy()
    for (const listener of this.#listeners) listener.destroy()
    void this.#operators.close()
    this.#runtime.close()
  }

  /** Before anything listens: its code is loaded, and its store opened, only where somebody logs in. */
  async #openLogin(): Promise<void> {
    const problem = await this.#signIn.prepare(this.config)
    if (problem !== null) throw new StartupError([problem], exitCode.usage)
    this.#current = this.#compose(this.#current.fleet)
  }

  async #start(): Promise<void> {
    const { config, logger } = this.#parts
    await this.#openControl()
    this.#open.defer(() => endEscaped(this.#runtime.instance, logger))
    this.#open.defer(() => closeMembers([...this.#current.fleet.members, ...this.#pending]))
    const internal = await openListener(
      config.internalListen,
      originOfKey('internal.listen', this.#originOf('internal.listen')),
      () => this.#current.internal,
    )
    this.#listeners = [internal]
    this.#open.defer(() => internal.destroy())
    this.#internalUrl = internal.url
    await this.#openFront(internal)
    logger.info({ url: this.url }, 'listening')
    await this.#operators.open()
    this.#tellChanges()
    await endLeftBehind(this.#runtime.instance, logger)
    await this.#check()
    startInOrder(this.#current.fleet.members)
  }

  /** Whoever looks at the status page sees a change of state at once. */
  #tellChanges(): void {
    const followed = new WeakSet<SupervisedWorker>()
    this.onFleet((workers) => {
      for (const worker of workers)
        if (!followed.has(worker)) worker.onChange(() => this.#operators.changed())
      for (const worker of workers) followed.add(worker)
    })
  }

  async #openFront(internal: Listener): Promise<void> {
    const { logger, passed } = this.#parts
    const { listen, tls } = this.config
    const certificates = tls === null ? null : Certificates.open({ tls, read: readKeyPair, logger })
    this.#certificates = certificates
    this.#open.defer(() => certificates?.close())
    const origin: AddressOrigin = {
      host: this.#originOf('gateway_host'),
      port: this.#originOf('gateway_port'),
      keys: { host: 'gateway_host', port: '--port or gateway_port' },
    }
    const front = await openListener(passed ?? listen, origin, () => this.#current.front, certificates)
    this.#listeners = [front, internal]
    this.#open.defer(() => front.destroy())
    this.#publicUrl = front.url
    this.#publicPort = front.port
    if (tls === null || tls.redirectFrom === null) return
    const plain = await openListener(
      tls.redirectFrom,
      originOfKey('tls.redirect_from', this.#originOf('tls.redirect_from')),
      () => this.#current.redirect,
    )
    this.#listeners = [front, plain, internal]
    this.#open.defer(() => plain.destroy())
    logger.info({ url: plain.url, to: front.url }, 'redirecting')
  }

  /** Where a key of the first configuration was given. */
  #originOf(key: string): Origin {
    return this.#parts.values?.get(key)?.origin ?? 'default'
  }

  async #openControl(): Promise<void> {
    const socket = this.#runtime.socketPath('control')
    if (isProblem(socket)) throw new StartupError([socket], exitCode.usage)
    const { audit, logger } = this.#parts
    const control = await ControlServer.open({ path: socket.path, target: this, logger, audit })
    if (isProblem(control)) throw new StartupError([control], exitCode.failed)
    this.#open.defer(() => control.close())
  }

  /** Every program that cannot run is reported before any is started. */
  async #check(): Promise<void> {
    for (const { message, hint } of exposedSecrets(this.config)) this.#parts.logger.warn({ hint }, message)
    const [first, ...others] = await preflight(this.config.workers, this.#room)
    if (first === undefined) return
    const problems: readonly [Problem, ...Problem[]] = [first, ...others]
    const missingModule = problems.some((problem) => problem.code === 'module_missing')
    throw new StartupError(problems, missingModule ? exitCode.failed : exitCode.usage)
  }

  #roomFor(config: Config): WorkerRoom {
    return {
      ...this.#fixedRoom,
      restart: config.restart,
      env: withoutSecrets(this.#parts.env, config),
      identity: () => this.#signIn.workerIdentity(config),
      rootPath: config.rootPath,
      apiPrefix: apiPath(config),
      internalApiBase: () => this.#internalUrl + config.rootPath + apiPath(config),
      retireMs: config.drain.timeoutMs,
    }
  }

  #sessionDesk(): SessionDeskRoom {
    return { config: this.config, roster: this.#signIn.roster, sockets: this.#signIn.sockets }
  }

  #makeOperators(): Operators {
    const { config, logger, version, commit = 'unknown', logDropped = () => 0 } = this.#parts
    return new Operators({
      config,
      logger,
      logDropped,
      runtime: this.#runtime,
      page: this.#parts.statusPage,
      versions: { fluxlit: version, commit, node: process.versions.node },
      fleet: () => this.#current.fleet,
      health: () => ({ workers: this.workers, draining: this.#draining }),
      status: () => this.status(),
      maintenance: (worker) => this.#maintenance.of(worker) !== null,
      certificateExpiresAt: () => this.#certificates?.expiresAt ?? null,
      values: () => this.#values,
    })
  }

  #compose(fleet: Fleet): Current {
    const { logger } = this.#parts
    const { log } = fleet.config
    const accessLog: AccessLog = createAccessLog(logger, log.access, log.accessExcept)
    const workers = workersOf(fleet)
    const deps = createRequestDeps({
      config: fleet.config,
      backends: backendsOf(fleet),
      health: () => ({ workers, draining: this.#draining }),
      accessLog,
      metrics: this.#operators.metrics,
      recent: this.#operators.recent,
      maintenance: (worker) => this.#maintenance.of(worker),
      explain: this.#parts.explain,
      desk: this.#signIn.deskFor(fleet.config),
      userKey:
        fleet.config.auth === null
          ? ''
          : (this.#userKey ??= cookieSecret(fleet.config.stateDir, 'log-user-key').secret),
      sockets: this.#signIn.sockets,
      resumption: this.#resumption,
    })
    return {
      fleet,
      front: deps({ kind: 'public' }),
      internal: deps({ kind: 'internal' }),
      redirect: deps({ kind: 'redirect', port: () => this.#publicPort }),
    }
  }

  async #close(): Promise<StopOutcome> {
    const { drain } = this.config
    this.#leave()
    await pause(drain.delayMs)
    // The workers' own listener stays: a page that is being finished may still call the API.
    const closed = Promise.all(this.#listeners.slice(0, -1).map((listener) => listener.close()))
    for (const backend of backendsOf(this.#current.fleet))
      backend.closeTunnels(serviceRestart, drain.timeoutMs / 2)
    const finished = await within(drain.timeoutMs, closed)
    this.#operations.end()
    for (const listener of this.#listeners) listener.destroy()
    await this.#open.disposeAsync()
    return { cutRequests: !finished }
  }

  async #reload(progress: (line: string) => void): Promise<ControlOutcome> {
    const read = this.#parts.readConfig()
    if ('problems' in read) return { ok: false, problems: read.problems }
    const { config } = read
    const problem = await this.#signIn.prepare(config)
    if (problem !== null) return { ok: false, problems: [problem] }
    this.#certificates?.check()
    const room = this.#roomFor(config)
    const adopt = (fleet: Fleet): void => {
      this.#room = room
      this.#values = read.values ?? this.#values
      this.#current = this.#compose(fleet)
      for (const listener of this.#listeners) listener.limits = listenerLimits(config)
      for (const tell of this.#onFleet) tell(fleet)
    }
    return reload({ from: this.#current.fleet, to: config, room, adopt, progress, pending: this.#pending })
  }
}
