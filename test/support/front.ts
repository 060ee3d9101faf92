import { Backend } from '../../internal/app/backend.ts'
import { originOfKey } from '../../internal/app/bind.ts'
import { createRequestDeps, openListener } from '../../internal/app/listeners.ts'
import { AssertionKey } from '../../internal/auth/assertion.ts'
import { openDesk, type Desk, type DeskRoom } from '../../internal/auth/desk.ts'
import { SocketGuard } from '../../internal/auth/socket-guard.ts'
import type { AuthConfig } from '../../internal/config/auth-types.ts'
import { compileOriginRule } from '../../internal/proxy/origin.ts'
import type { Address, Config, Mounted, RoutedWorker } from '../../internal/config/config.ts'
import type { AccessRecord } from '../../internal/log/access.ts'
import type { Metrics } from '../../internal/metrics/metrics.ts'
import type { Listener } from '../../internal/server/listener.ts'
import type { Cleanup } from './cleanup.ts'
import { FakeWorker } from './fake-worker.ts'
import { silentLogger } from './logger.ts'
import { rawClient } from './raw.ts'
import type { Wire } from './raw.ts'

/** A configuration with the defaults that the request path looks at, and no workers. */
export function configuration(overrides: Partial<Config> = {}): Config {
  return {
    name: 'test',
    sources: [],
    root: '/nonexistent',
    instanceKey: '/nonexistent/fluxlit.toml',
    listen: { host: '127.0.0.1', port: 0 },
    allowedHosts: [],
    trustedProxies: [],
    outbound: { proxy: { kind: 'none' }, noProxy: '', caFile: null, systemCa: false },
    auth: null,
    rootPath: '',
    publicBaseUrl: '',
    target: null,
    docsRedirect: false,
    allowedOrigins: [],
    internalListen: { host: '127.0.0.1', port: 0 },
    workers: [],
    timeouts: {
      headersMs: 30_000,
      bodyIdleMs: 60_000,
      keepAliveMs: 75_000,
      connectMs: 5_000,
      responseHeadersMs: 300_000,
      responseIdleMs: 0,
      websocketIdleMs: 0,
      holdMs: 12_000,
    },
    workerTimeouts: {},
    limits: {
      headerBytes: 65_536,
      headerCount: 100,
      targetBytes: 8_192,
      bodyBytes: 209_715_200,
      bodyMinRate: 1024,
      rate: null,
      connections: 0,
      websockets: 0,
    },
    restart: {
      backoffMinMs: 500,
      backoffMaxMs: 30_000,
      resetAfterMs: 60_000,
      crashCount: 5,
      crashWindowMs: 60_000,
      bootAttempts: 3,
    },
    drain: { delayMs: 0, timeoutMs: 20_000 },
    log: {
      level: 'info',
      format: 'json',
      access: true,
      recent: 0,
      accessExcept: [],
      file: null,
      audit: null,
    },
    logUser: 'full',
    stateDir: null,
    tls: null,
    pages: null,
    admin: { listen: null, where: 'default', password: null, allow: [] },
    metrics: { listen: null, where: 'default' },
    hiddenEnv: [],
    secretPlaces: [],
    headers: {
      general: {
        hsts: null,
        contentTypeOptions: true,
        referrerPolicy: 'strict-origin-when-cross-origin',
        frames: { kind: 'any' },
        set: [],
        remove: [],
      },
      workers: {},
    },
    ...overrides,
  }
}

/** A worker of the configuration, run elsewhere; where it really is says its {@link FakeWorker}. */
export function mounted(
  kind: 'uvicorn' | 'streamlit' | 'http',
  name: string,
  mount: string,
  overrides: Partial<Mounted & { readonly basePath: string }> = {},
): RoutedWorker {
  const { basePath = '', ...others } = overrides
  return {
    kind,
    name,
    where: 'test',
    required: true,
    mount,
    hosts: [],
    stripPrefix: kind !== 'streamlit',
    maxBodyBytes: 200 * 1024 * 1024,
    maxInFlight: 64,
    ready: { path: '/', timeoutMs: 1, probeIntervalMs: 1, probeTimeoutMs: 1, probeFailures: 1 },
    run: { kind: 'url', address: { kind: 'unix', path: '/nonexistent/w.sock' }, basePath },
    ...others,
  }
}

/** What a front is made of. */
export interface FrontOptions {
  readonly config?: Partial<Config>
  /** Address of each worker by name; null = static or not there yet (state `starting`). */
  readonly workers: readonly { readonly config: RoutedWorker; readonly address: Address | null }[]
  /** What of the limits is different. */
  readonly limits?: Partial<Config['limits']>
  readonly holdMs?: number
  readonly maxHeld?: number
  /** The workers' own listener instead of the public one. */
  readonly internal?: boolean
  readonly metrics?: Metrics
  /** Who may pass; nobody is asked unless it is given. */
  readonly auth?: AuthConfig | undefined
  /** What authorisation logs and fetches with. */
  readonly deskRoom?: Partial<DeskRoom>
  readonly connectMs?: number
  readonly responseHeadersMs?: number
  readonly maxInFlight?: number
}

/** The whole request path in the test's own process, with workers that are only a state and an address. */
export interface Front {
  readonly port: number
  readonly listener: Listener
  /** Public keys of the assertion; `''` when nobody is asked. */
  readonly jwks: string
  readonly backends: readonly Backend[]
  readonly view: { draining: boolean }
  /** Access records so far. */
  readonly records: readonly AccessRecord[]
  /** The worker of that name. */
  readonly worker: (name: string) => FakeWorker
  /** A new connection. */
  readonly connect: () => Promise<Wire>
  /** The same to the workers' own listener, which is opened for it. */
  readonly connectInside: () => Promise<Wire>
  /** Watches over open WebSockets. */
  readonly sockets: SocketGuard
  /** Resolves when `count` access records have been written. */
  readonly settled: (count: number) => Promise<readonly AccessRecord[]>
}

/** Opens a front; closed after the test. */
export async function front(t: Cleanup, options: FrontOptions): Promise<Front> {
  const { config: overrides = {}, internal = false } = options
  const general = configuration({ ...overrides, workers: options.workers.map((worker) => worker.config) })
  const config = { ...general, limits: { ...general.limits, ...options.limits } }
  const workers = options.workers.map(fakeFor)
  const backends = options.workers.map((worker, index) => backendFor(worker.config, workers[index], options))
  const view = { draining: false }
  const records: AccessRecord[] = []
  const waiting = new Set<() => void>()
  const sockets = new SocketGuard({ onDismissed: () => undefined })
  t.after(() => sockets.close())
  const desk = options.auth === undefined ? null : deskFor(config, options.auth, sockets, options.deskRoom)
  if (desk !== null) t.after(() => desk.close())
  const deps = createRequestDeps({
    config,
    backends,
    desk,
    sockets,
    health: () => ({ workers, draining: view.draining }),
    accessLog: (record) => {
      records.push({ ...record })
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  })
  const listener = await openListener(config.listen, originOfKey('test', 'test'), () =>
    deps({ kind: internal ? 'internal' : 'public' }),
  )
  t.after(async () => {
    listener.destroy()
    await Promise.all(backends.map((backend) => backend.close()))
  })
  const { port } = listener
  return {
    port,
    listener,
    jwks: desk?.jwks ?? '',
    backends,
    view,
    records,
    worker: (name) => named(workers, name),
    connect: () => rawClient(t, port),
    async connectInside() {
      const inside = await openListener(config.listen, originOfKey('test', 'test'), () =>
        deps({ kind: 'internal' }),
      )
      t.after(() => inside.destroy())
      return rawClient(t, inside.port)
    },
    sockets,
    async settled(count) {
      while (records.length < count) await new Promise<void>((resolve) => waiting.add(resolve))
      return records
    },
  }
}

function deskFor(config: Config, auth: AuthConfig, sockets: SocketGuard, room: Partial<DeskRoom> = {}): Desk {
  return openDesk({
    config,
    auth,
    login: null,
    key: AssertionKey.of(null),
    handles: sockets.handles,
    isOwnOrigin: compileOriginRule(config.publicBaseUrl, config.allowedOrigins),
    watch: { authenticated: () => undefined, denied: () => undefined, stripped: () => undefined },
    room: {
      logger: silentLogger,
      fetch,
      keysFetched: () => undefined,
      untrusted: () => undefined,
      attemptClock: () => 0,
      ...room,
    },
  })
}

function fakeFor({ config, address }: FrontOptions['workers'][number]): FakeWorker {
  const worker = new FakeWorker(config.name)
  if (address !== null || config.kind === 'static') worker.ready(address)
  return worker
}

function backendFor(config: RoutedWorker, worker: FakeWorker | undefined, options: FrontOptions): Backend {
  if (worker === undefined) throw new Error('a worker is missing')
  return new Backend(worker, config, {
    rootPath: options.config?.rootPath ?? '',
    upstream: {
      connectMs: options.connectMs ?? 5_000,
      responseHeadersMs: options.responseHeadersMs ?? options.config?.timeouts?.responseHeadersMs ?? 300_000,
      responseIdleMs: 0,
      keepAliveMs: 4_000,
      maxInFlight: options.maxInFlight ?? 64,
      headerBytes: 65_536,
      headerCount: 100,
    },
    holdMs: options.holdMs ?? 12_000,
    maxHeld: options.maxHeld ?? 1_024,
    websocketIdleMs: options.config?.timeouts?.websocketIdleMs ?? 0,
  })
}

function named(workers: readonly FakeWorker[], name: string): FakeWorker {
  const worker = workers.find((candidate) => candidate.name === name)
  if (worker === undefined) throw new Error(`no worker ${name}`)
  return worker
}
