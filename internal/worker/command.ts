import type {
  Address,
  HttpWorker,
  ProcessWorker,
  StreamlitWorker,
  UvicornWorker,
  WorkerConfig,
} from '../config/config.ts'
import { entryScript, targetWords, type ChosenPackage } from './application.ts'
import type { Inspection } from './inspect.ts'
import { isAtLeast } from './inspect.ts'

/** A Uvicorn worker the gateway starts itself. */
export type SpawnedUvicorn = UvicornWorker & { readonly run: { readonly kind: 'spawn' } }
/** A Streamlit worker the gateway starts itself. */
export type SpawnedStreamlit = StreamlitWorker & { readonly run: { readonly kind: 'spawn' } }
/** A worker started by its own `command`. */
export type CommandWorker = (HttpWorker & { readonly run: { readonly kind: 'command' } }) | ProcessWorker
/** Every worker that is a child process of the gateway. */
export type ChildWorker = SpawnedUvicorn | SpawnedStreamlit | CommandWorker

/** Whether a worker of the configuration is a child process of the gateway. */
export function isChild(config: WorkerConfig): config is ChildWorker {
  return config.kind !== 'static' && config.run.kind !== 'url'
}

/** What to run, beyond the worker's environment. */
export interface Command {
  readonly argv: readonly [string, ...string[]]
  /** Variables that belong to this command line (`HOST`, `PORT`). */
  readonly env: Readonly<Record<string, string>>
}

/** Facts of one generation a command line depends on. */
export interface CommandInput {
  readonly inspection: Inspection
  readonly bootstrapPath: string
  readonly address: Address
  /** Public prefix in front of everything, `''` or `/tools`. */
  readonly rootPath: string
  /** Words that set its resource limits, from `limiterOf`. */
  readonly limiter: readonly string[]
  /** The Python package with the pages of a target; null for a worker without one. */
  readonly sdk: ChosenPackage | null
}

/** Idle connections outlive the gateway's pool by far, so a request never meets one that is just closing. */
const keepAliveSeconds = 75

/**
 * Whether a Python worker listens on a Unix socket. Streamlit does so only through the bootstrap and from 1.57
 * on; in development it keeps its own server, whose reload watches the configuration too.
 */
export function transportOf(
  worker: SpawnedUvicorn | SpawnedStreamlit,
  inspection: Inspection,
  mode: 'serve' | 'dev',
): 'unix' | 'tcp' {
  if (worker.kind === 'uvicorn' || worker.run.transport === 'tcp') return worker.run.transport
  return mode === 'serve' && isAtLeast(inspection.packages.streamlit, [1, 57]) ? 'unix' : 'tcp'
}

/** The command line of an ASGI application under Uvicorn. */
export function uvicornCommand(worker: SpawnedUvicorn, input: CommandInput): Command {
  const { app, factory, args, stopGraceMs } = worker.run
  const { packages } = input.inspection
  const root = publicPrefix(worker, input.rootPath)
  return python(worker, input, 'uvicorn', app, [
    ...listenFlags(input.address),
    ...(packages.httptools === null ? [] : ['--http', 'httptools']),
    '--timeout-keep-alive',
    String(keepAliveSeconds),
    ...(isAtLeast(packages.uvicorn, [0, 22])
      ? ['--timeout-graceful-shutdown', graceSeconds(stopGraceMs)]
      : []),
    '--workers',
    '1',
    '--no-server-header',
    '--no-date-header',
    '--no-access-log',
    // The gateway decides about compression on the public side; between us it only costs time.
    '--ws-per-message-deflate',
    'false',
    ...(root === '' ? [] : ['--root-path', root]),
    ...(factory ? ['--factory'] : []),
    ...args,
  ])
}

/** The command line of a Streamlit script: our shim on a Unix socket, `streamlit run` on a port. */
export function streamlitCommand(worker: SpawnedStreamlit, input: CommandInput): Command {
  const { args, stopGraceMs } = worker.run
  const { address } = input
  const script = scriptOf(worker, input.sdk)
  if (address.kind === 'unix') {
    return python(worker, input, 'streamlit', address.path, [graceSeconds(stopGraceMs), script, ...args])
  }
  return python(worker, input, 'streamlit-cli', script, [
    '--server.address',
    address.host,
    '--server.port',
    String(address.port),
    ...args,
  ])
}

/** A user's own command with its placeholders filled in; `executable` is its first word, found on the PATH. */
export function ownCommand(
  worker: CommandWorker,
  input: {
    readonly executable: string
    readonly address: Address | null
    readonly rootPath: string
    readonly limiter: readonly string[]
  },
): Command {
  const root = worker.kind === 'process' ? '' : publicPrefix(worker, input.rootPath)
  const values = placeholders(input.address, root)
  const [, ...rest] = worker.run.command
  const fill = (word: string): string =>
    word.replaceAll(
      /\{(host\}:\{port|host|port|uds|root_path)\}/g,
      (whole, name: string) => values[name] ?? whole,
    )
  const [first, ...words] = [...input.limiter, input.executable, ...[...rest, ...worker.run.args].map(fill)]
  return {
    argv: [first ?? input.executable, ...words],
    env: listenVariables(input.address),
  }
}

/** What stands in front of a worker's paths in the browser, and is gone when the worker sees them. */
function publicPrefix(worker: UvicornWorker | HttpWorker, rootPath: string): string {
  return worker.stripPrefix && worker.mount !== '/' ? rootPath + worker.mount : rootPath
}

/** The script of a worker; what shows the pages of a target is part of the package. */
function scriptOf({ run: { script } }: SpawnedStreamlit, sdk: ChosenPackage | null): string {
  if (script !== null) return script
  if (sdk === null) throw new TypeError('a Streamlit worker has a script, or belongs to a target')
  return entryScript(sdk)
}

function python(
  { run: { target, cwd } }: SpawnedUvicorn | SpawnedStreamlit,
  input: CommandInput,
  mode: string,
  subject: string,
  rest: readonly string[],
): Command {
  const { inspection, bootstrapPath, limiter } = input
  const application = target === null ? [] : targetWords(target, cwd)
  return {
    argv: [inspection.python, bootstrapPath, ...limiter, ...application, mode, subject, ...rest],
    env: {},
  }
}

function listenFlags(address: Address): readonly string[] {
  // A peer on a Unix socket has no address to compare; the directory already lets nobody else in.
  if (address.kind === 'unix') return ['--uds', address.path, '--forwarded-allow-ips', '*']
  return ['--host', address.host, '--port', String(address.port), '--forwarded-allow-ips', address.host]
}

// Just before the gateway's own patience ends, so that the worker closes its requests itself.
function graceSeconds(stopGraceMs: number): string {
  return String(Math.max(1, Math.floor(stopGraceMs / 1000) - 1))
}

function placeholders(address: Address | null, rootPath: string): Record<string, string> {
  if (address === null) return { root_path: rootPath }
  if (address.kind === 'unix') return { uds: address.path, root_path: rootPath }
  const { host, port } = address
  const together = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return { host, port: String(port), 'host}:{port': together, root_path: rootPath }
}

function listenVariables(address: Address | null): Record<string, string> {
  return address?.kind === 'tcp' ? { HOST: address.host, PORT: String(address.port) } : {}
}
