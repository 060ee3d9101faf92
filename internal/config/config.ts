/**
 * The configuration as the rooms see it: complete, typed, resolved. Nobody re-checks it after
 * {@link loadConfig} (internal/config/load.ts) returned it. Durations are milliseconds, sizes bytes, paths absolute.
 */

import type { AuthConfig, RateConfig } from './auth-types.ts'
import type { OutboundConfig } from './login-types.ts'
import type { OwnPages } from '../fault/own-pages.ts'
import type { LogLevel } from '../log/types.ts'
import type { Secret } from './secret.ts'

/** Where a value came from, as text for people: `fluxlit.toml:12`, `environment FLUXLIT_X`, `--port`, `default`. */
export type Origin = string

/** Where a secret is; never what it is. `key` is that of the secret itself, without `_file` and `_env`. */
export type SecretPlace = { readonly key: string } & (
  | { readonly kind: 'text' }
  | { readonly kind: 'file'; /** Absolute. */ readonly path: string }
  | { readonly kind: 'variable'; readonly name: string }
)

/** A TCP address to listen on or to connect to. `host` is an IP literal or name without brackets; port 0 = any. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Where a worker listens. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** The whole configuration of one gateway. */
export interface Config {
  /** Name of this gateway: state directory and cookie names. */
  readonly name: string
  /** What the configuration was read from: files in order of rising precedence, or `detected`. */
  readonly sources: readonly string[]
  /** Base for relative paths and the workers' default working directory. */
  readonly root: string
  /** Identity of this gateway's runtime directory: the configuration path as written, made absolute. */
  readonly instanceKey: string
  readonly listen: HostPort
  /** Host names (without port) that are answered; empty = any. Others get 421, `/__fluxlit/*` excepted. */
  readonly allowedHosts: readonly string[]
  /** CIDRs of peers whose forwarded headers count. */
  readonly trustedProxies: readonly string[]
  /** Public URL prefix in front of everything, `''` or `/tools` (no trailing slash). */
  readonly rootPath: string
  /** Public origin plus root path as browsers see it, `''` = derive from the request. */
  readonly publicBaseUrl: string
  /** The FluxLit application object that `api` and `ui` are made from; null = there is none. */
  readonly target: AppTarget | null
  /** Whether `/docs`, `/redoc`, `/openapi.json` redirect to the API's. */
  readonly docsRedirect: boolean
  /** Extra `Origin` values (scheme://host[:port]) that may open WebSockets. */
  readonly allowedOrigins: readonly string[]
  /** How the gateway itself reaches identity providers and Redis. */
  readonly outbound: OutboundConfig
  /** Who may do what; null = nobody is asked. */
  readonly auth: AuthConfig | null
  /** Address of the loopback listener for the workers' own calls; port 0 = any. */
  readonly internalListen: HostPort
  readonly workers: readonly WorkerConfig[]
  readonly timeouts: Timeouts
  /** By worker name, beside the workers' tables so that a change restarts none of them; those that are asked have one. */
  readonly workerTimeouts: Readonly<Record<string, WorkerTimeouts>>
  readonly limits: Limits
  readonly restart: RestartPolicy
  readonly drain: { readonly delayMs: number; readonly timeoutMs: number }
  readonly log: LogConfig
  /** How who asks is named in access lines. */
  readonly logUser: 'hash' | 'full' | 'off'
  /** Directory for what must survive a restart, or null = memory only. */
  readonly stateDir: string | null
  /** Null = the gateway speaks plain HTTP. */
  readonly tls: TlsConfig | null
  /** Null = the built-in pages for failures. */
  readonly pages: OwnPages | null
  readonly admin: AdminConfig
  readonly metrics: MetricsConfig
  /** Variables of the environment that hold secrets of the gateway itself: no worker gets them. */
  readonly hiddenEnv: readonly string[]
  /** Where the secrets of the gateway itself are. */
  readonly secretPlaces: readonly SecretPlace[]
  /** What is said in the heads of answers, beside the workers' tables so that a change restarts none of them. */
  readonly headers: {
    /** Of the gateway's own answers. */
    readonly general: HeaderRules
    /** By worker name; complete for every one that answers requests. */
    readonly workers: Readonly<Record<string, HeaderRules>>
  }
}

/** The listener for operators: status, health and metrics. */
export interface AdminConfig {
  /** Null = there is none. */
  readonly listen: HostPort | null
  /** Where `admin.listen` was given; `default` when nobody wrote it, and one that is taken does not end the start. */
  readonly where: Origin
  readonly password: Secret | null
  /** CIDRs of peers that may ask; empty = all. */
  readonly allow: readonly string[]
}

/** A listener for metrics alone. */
export interface MetricsConfig {
  /** Null = there is none. */
  readonly listen: HostPort | null
  /** Where `metrics.listen` was given, for messages. */
  readonly where: Origin
}

/** TLS of the public listener. The files were read once already and fit each other then. */
export interface TlsConfig {
  /** Absolute; PEM, the certificate of this server first. */
  readonly certFile: string
  /** Absolute; PEM, not encrypted. */
  readonly keyFile: string
  readonly minVersion: '1.2' | '1.3'
  /** A second listener, which speaks plain HTTP and sends browsers to this one. */
  readonly redirectFrom: HostPort | null
}

/** What answers of one route say besides what the worker says. */
export interface HeaderRules {
  readonly hsts: Hsts | null
  readonly contentTypeOptions: boolean
  /** `''` = none. */
  readonly referrerPolicy: string
  readonly frames: FrameRule
  /** Fields whose value the gateway decides; each name once. */
  readonly set: readonly (readonly [name: string, value: string])[]
  /** Lower-case names that do not travel on. */
  readonly remove: readonly string[]
}

/** HTTP Strict Transport Security (RFC 6797). */
export interface Hsts {
  /** Seconds, above zero. */
  readonly maxAgeS: number
  readonly includeSubdomains: boolean
  readonly preload: boolean
}

/** Which pages may show an answer in a frame. */
export type FrameRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'options'; readonly value: 'DENY' | 'SAMEORIGIN' }
  | { readonly kind: 'ancestors'; /** At least one. */ readonly sources: readonly string[] }

/** Client- and worker-side time limits. 0 = off. */
export interface Timeouts {
  /** Complete request head from a client. */
  readonly headersMs: number
  /** Without a byte of a request body, or of an answer that waits for its client. */
  readonly bodyIdleMs: number
  /** Idle client connection between requests. */
  readonly keepAliveMs: number
  /** Connection to a worker. */
  readonly connectMs: number
  /** First byte of a worker's response. */
  readonly responseHeadersMs: number
  /** Between two bytes of a worker's response body. */
  readonly responseIdleMs: number
  /** A WebSocket without a byte either way. */
  readonly websocketIdleMs: number
  /** How long a request waits for a worker that (re)starts. */
  readonly holdMs: number
}

/** The limits that a worker may have for itself. */
export type WorkerTimeouts = Pick<
  Timeouts,
  'connectMs' | 'responseHeadersMs' | 'responseIdleMs' | 'websocketIdleMs'
>

/** Sizes and counts above which a request is refused. */
export interface Limits {
  readonly headerBytes: number
  readonly headerCount: number
  readonly targetBytes: number
  readonly bodyBytes: number
  /** Bytes per second of a body in either direction; 0 = any. */
  readonly bodyMinRate: number
  /** How often one client or person may ask; null = as often as they like. */
  readonly rate: RateConfig | null
  /** Client connections at the same time; 0 = any number. */
  readonly connections: number
  /** Open WebSockets at the same time; 0 = any number. */
  readonly websockets: number
}

/** When and how often a worker that died is started again. */
export interface RestartPolicy {
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  /** Healthy for this long: the backoff starts from the minimum again. */
  readonly resetAfterMs: number
  readonly crashCount: number
  readonly crashWindowMs: number
  readonly bootAttempts: number
}

/** What is written where. `auto` = readable on a terminal, JSON otherwise. */
export interface LogConfig {
  readonly level: LogLevel
  readonly format: 'auto' | 'json' | 'text'
  readonly access: boolean
  /** Workers whose requests have no access line. */
  readonly accessExcept: readonly string[]
  /** Where `serve` writes it; null = standard output. */
  readonly file: LogFileConfig | null
  /** Requests of each sort that are remembered for `fluxlit why`; 0 = none. */
  readonly recent: number
  /** Where the audit stream goes; null = there is none. */
  readonly audit: LogFileConfig | 'stdout' | null
}

/** The log as a file. */
export interface LogFileConfig {
  /** Absolute. */
  readonly path: string
  /** The key that names it, and where that was given, for messages. */
  readonly key: 'log.file' | 'log.audit.file'
  readonly where: Origin
  /** Bytes above which a new file is begun; 0 = never. */
  readonly rotateBytes: number
  /** Full files that are kept beside the one in use. */
  readonly rotateKeep: number
}

/** A worker of any kind. */
export type WorkerConfig = UvicornWorker | StreamlitWorker | HttpWorker | StaticWorker | ProcessWorker

/** A worker that answers requests. */
export type RoutedWorker = Exclude<WorkerConfig, ProcessWorker>

/** Fields of every worker. */
export interface WorkerBase {
  readonly name: string
  /** Where the worker's table stands, for messages: `fluxlit.toml:4`. */
  readonly where: Origin
  /** Whether the gateway is ready only while this worker is. */
  readonly required: boolean
}

/** Which requests reach a worker, and how its paths look to it. */
export interface Mounted {
  /** `/` or `/api`; never a trailing slash otherwise. */
  readonly mount: string
  /** Host names the mount is restricted to; empty = all. */
  readonly hosts: readonly string[]
  readonly stripPrefix: boolean
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number
  /** Requests that one process answers at the same time; 0 = any number. */
  readonly maxInFlight: number
}

/** How a worker is asked whether it can answer. */
export interface Readiness {
  /** Path asked for, as the worker sees it. */
  readonly path: string
  readonly timeoutMs: number
  readonly probeIntervalMs: number
  readonly probeTimeoutMs: number
  readonly probeFailures: number
}

/** Fields of a worker that the gateway starts as a child process. */
export interface Spawned {
  readonly cwd: string
  /** `env` and `env_file` merged, plus `.env` beside the configuration (without `FLUXLIT_*`). */
  readonly env: Readonly<Record<string, string>>
  /** Where `env` came from, so that every generation can read `env_file` again. */
  readonly envSources: EnvSources
  /** Whether the gateway's own environment (without secrets) is passed on. */
  readonly inheritEnv: boolean
  readonly args: readonly string[]
  /** Account as written (`NAME`, `UID`, `UID:GID`), or null = the gateway's own. */
  readonly user: string | null
  /** Limits of the operating system that are set for it; the others are the gateway's own. */
  readonly rlimits: ResourceLimits
  /** Commands run before every generation; a text is for the shell. */
  readonly beforeStart: readonly StartCommand[]
  /** Workers that are started before this one. Known, and without a circle. */
  readonly after: readonly string[]
  /** Processes side by side; above 1 only for `uvicorn` and `http`. */
  readonly replicas: number
  /** Whether a new generation may run beside the old one. */
  readonly replace: 'overlap' | 'stop-first'
  /** Resident bytes above which a generation is replaced; 0 = off. */
  readonly maxMemoryBytes: number
  /** Milliseconds after which a generation is replaced; 0 = off. */
  readonly maxAgeMs: number
  readonly stopGraceMs: number
  readonly onFailure: 'keep' | 'exit'
}

/** A limit of setrlimit(2), by its key in `[workers.NAME.rlimits]`. */
export type ResourceLimit = 'open_files' | 'processes' | 'address_space' | 'file_size' | 'core' | 'cpu'

/** Limits in the unit of the kernel: `cpu` in seconds, `address_space`, `file_size` and `core` in bytes. */
export type ResourceLimits = Readonly<Partial<Record<ResourceLimit, number>>>

/** One command of `before_start`: a text for the shell, or program and arguments. */
export type StartCommand = string | readonly [string, ...string[]]

/** The layers a worker's variables are merged from, lowest first. */
export interface EnvSources {
  /** From `.env` beside the configuration. */
  readonly below: Readonly<Record<string, string>>
  /** `env_file`, or null when there is none. */
  readonly file: EnvFile | null
  /** The table `env`. */
  readonly above: Readonly<Record<string, string>>
}

/** A worker's `env_file`. */
export interface EnvFile {
  /** Absolute. */
  readonly path: string
  /** As written, for messages. */
  readonly name: string
  readonly where: Origin
}

/** A worker run elsewhere, never spawned. */
export interface Elsewhere {
  readonly kind: 'url'
  readonly address: Address
  /** Path prefix of the `url`, `''` or `/base`. */
  readonly basePath: string
}

/** A Python interpreter, resolved anew for every generation. `null` = VIRTUAL_ENV, `.venv`, `python3`. */
export interface PythonChoice {
  readonly path: string | null
  readonly where: Origin
}

/** A FluxLit application object. */
export interface AppTarget {
  /** As imported: `app`, `pkg.app`. */
  readonly module: string
  readonly attribute: string
  /** Absolute; null = a module was named, not a file. */
  readonly file: string | null
  /** Absolute directories that come first on the import path, best first; empty = the working directory. */
  readonly directories: readonly string[]
  /** Whose Python package `fluxlit` it imports: the one in this program, or one installed in the environment. */
  readonly sdk: 'embedded' | 'installed'
  /** Where `target` was given, for messages. */
  readonly where: Origin
}

/** A Python program the gateway starts. */
export interface PythonProcess extends Spawned {
  readonly kind: 'spawn'
  /** The application object that it is a part of; null for plain FastAPI and Streamlit. */
  readonly target: AppTarget | null
  readonly python: PythonChoice
  readonly transport: 'unix' | 'tcp'
}

/** An ASGI application under Uvicorn. */
export interface UvicornWorker extends WorkerBase, Mounted {
  readonly kind: 'uvicorn'
  readonly ready: Readiness
  readonly run:
    | (PythonProcess & { /** `module:attr`. */ readonly app: string; readonly factory: boolean })
    | Elsewhere
}

/** A Streamlit script. */
export interface StreamlitWorker extends WorkerBase, Mounted {
  readonly kind: 'streamlit'
  readonly ready: Readiness
  readonly run:
    | (PythonProcess & {
        /** Absolute path; null = what shows the pages of `target`, part of the Python package. */
        readonly script: string | null
      })
    | Elsewhere
}

/** Any HTTP server: started by `command`, or run elsewhere at `url`. */
export interface HttpWorker extends WorkerBase, Mounted {
  readonly kind: 'http'
  readonly ready: Readiness
  readonly run:
    | (Spawned & {
        readonly kind: 'command'
        /** argv with `{host}`, `{port}`, `{uds}`, `{root_path}` placeholders. */
        readonly command: readonly [string, ...string[]]
        readonly transport: 'unix' | 'tcp'
      })
    | Elsewhere
}

/** Files from a directory, answered by the gateway itself. */
export interface StaticWorker extends WorkerBase, Mounted {
  readonly kind: 'static'
  /** Absolute path of an existing directory. */
  readonly directory: string
}

/** A process without a mount (a queue consumer, a scheduler). */
export interface ProcessWorker extends WorkerBase {
  readonly kind: 'process'
  readonly run: Spawned & { readonly kind: 'command'; readonly command: readonly [string, ...string[]] }
}
