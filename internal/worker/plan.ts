import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'

import type { Address } from '../config/config.ts'
import { findPython } from '../config/python.ts'
import type { Problem } from '../fault/startup.ts'
import { pickAddress } from './address.ts'
import { choosePackage, helperEnvironment, hiddenPackage, targetEnvironment } from './application.ts'
import type { ChildWorker, Command, CommandWorker, SpawnedStreamlit, SpawnedUvicorn } from './command.ts'
import { ownCommand, streamlitCommand, transportOf, uvicornCommand } from './command.ts'
import type { CookieSecret } from './cookie-secret.ts'
import { cookieSecret } from './cookie-secret.ts'
import { workerEnvironment } from './environment.ts'
import type { WorkerAccount } from './account.ts'
import { accountOf } from './account.ts'
import { findExecutable } from './executable.ts'
import type { Inspection } from './inspect.ts'
import { inspectPython, lackingFor, missingFor } from './inspect.ts'
import { placed, realBelow } from './place.ts'
import type { ProbeTarget } from './probe.ts'
import { isProblem } from './problem.ts'
import { limiterOf } from './rlimits.ts'
import type { WorkerRoom } from './room.ts'
import type { Sdk } from './sdk.ts'
import { readStreamlitConfig } from './streamlit-config.ts'
import { streamlitBasePath, streamlitEnvironment } from './streamlit-environment.ts'

/** Everything one generation of a worker is started with, looked up anew for it. */
export interface GenerationPlan {
  readonly worker: ChildWorker
  readonly generation: number
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** The account it runs under; null = the gateway's own. */
  readonly account: WorkerAccount | null
  /** Directory of the interpreter, first on the PATH of `before_start`; null for a `command`. */
  readonly pythonDirectory: string | null
  /** Where it will listen; null for a worker without a mount. */
  readonly address: Address | null
  /** How it is asked whether it is ready; null = it is ready when it runs. */
  readonly probe: ProbeTarget | null
  /** Milliseconds from the start to the first answer; 0 = no limit. */
  readonly readyTimeoutMs: number
}

/** An interpreter that was found and looked at. */
export interface Interpreter {
  readonly inspection: Inspection
  /** What is wrong without keeping the worker from running. */
  readonly warnings: readonly Problem[]
}

/** Makes the plans of one worker, one per generation. It keeps only what has to stay the same over all of them. */
export class Planner {
  readonly #worker: ChildWorker
  readonly #room: WorkerRoom
  #secret: CookieSecret | undefined

  constructor(worker: ChildWorker, room: WorkerRoom) {
    this.#worker = worker
    this.#room = room
  }

  /** A plan, or the reason why there cannot be one: the interpreter, the directory or the command is not there. */
  async plan(generation: number): Promise<GenerationPlan | Problem> {
    const worker = placed(this.#worker)
    if (isProblem(worker)) return worker
    const account = accountOf(worker, this.#room)
    if (account !== null && isProblem(account)) return account
    const limiter = limiterOf(worker, this.#room, account)
    if (isProblem(limiter)) return limiter
    if (worker.kind === 'uvicorn' || worker.kind === 'streamlit')
      return this.#planPython(worker, generation, account, limiter)
    return this.#planCommand(worker, generation, account, limiter)
  }

  async #planPython(
    worker: SpawnedUvicorn | SpawnedStreamlit,
    generation: number,
    account: WorkerAccount | null,
    limiter: readonly string[],
  ): Promise<GenerationPlan | Problem> {
    const room = this.#room
    const interpreter = await findInterpreter(worker, room, account)
    if (isProblem(interpreter)) return interpreter
    const { inspection } = interpreter
    const address = await this.#address(transportOf(worker, inspection, room.mode), account)
    if (isProblem(address)) return address
    if (worker.kind === 'streamlit') room.streamlitAt?.(address, inspection.packages.streamlit)
    const bootstrapPath = account?.bootstrapPath ?? room.bootstrapPath
    const { target } = worker.run
    const sdk = target === null ? null : choosePackage(target, inspection, sdkFor(room, account))
    if (sdk !== null && isProblem(sdk)) return sdk
    const input = { inspection, address, bootstrapPath, rootPath: room.rootPath, limiter, sdk }
    const command =
      worker.kind === 'uvicorn' ? uvicornCommand(worker, input) : streamlitCommand(worker, input)
    const plan = this.#complete(worker, generation, account, command, address)
    const own =
      target === null || sdk === null
        ? helperEnvironment(inspection, plan.env, sdkFor(room, account))
        : targetEnvironment(target, sdk, plan)
    return { ...plan, env: { ...plan.env, ...own }, pythonDirectory: dirname(inspection.python) }
  }

  async #planCommand(
    worker: CommandWorker,
    generation: number,
    account: WorkerAccount | null,
    limiter: readonly string[],
  ): Promise<GenerationPlan | Problem> {
    const executable = findCommand(worker, this.#room, account)
    if (isProblem(executable)) return executable
    const address = worker.kind === 'http' ? await this.#address(worker.run.transport, account) : null
    if (address !== null && isProblem(address)) return address
    const { rootPath } = this.#room
    const command = ownCommand(worker, { executable: executable.path, address, rootPath, limiter })
    return this.#complete(worker, generation, account, command, address)
  }

  async #address(transport: 'unix' | 'tcp', account: WorkerAccount | null): Promise<Address | Problem> {
    if (transport === 'tcp') return { kind: 'tcp', ...(await pickAddress()) }
    const socket = this.#room.runtimeDir.nextSocket(this.#worker.name, account?.directory)
    return isProblem(socket) ? { ...socket, where: this.#worker.where } : { kind: 'unix', path: socket.path }
  }

  #complete(
    worker: ChildWorker,
    generation: number,
    account: WorkerAccount | null,
    command: Command,
    address: Address | null,
  ): GenerationPlan {
    const env = environmentOf(worker, this.#room, account)
    return {
      worker,
      generation,
      argv: command.argv,
      cwd: worker.run.cwd,
      // A `PORT` the user sets means something else to him than our choice.
      env: { ...command.env, ...env, ...(worker.kind === 'streamlit' ? this.#streamlit(worker, env) : {}) },
      account,
      pythonDirectory: null,
      address,
      probe: probeOf(worker, address, this.#room.rootPath),
      readyTimeoutMs: worker.kind === 'process' ? 0 : worker.ready.timeoutMs,
    }
  }

  #streamlit(worker: SpawnedStreamlit, env: Record<string, string>): Record<string, string> {
    const { mode, stateDir, logger, rootPath } = this.#room
    if (this.#secret === undefined) {
      this.#secret = cookieSecret(stateDir)
      const { volatile } = this.#secret
      if (volatile !== undefined) {
        logger.warn({ worker: worker.name, reason: volatile }, 'the cookie secret does not survive a restart')
      }
    }
    const place = { home: env['HOME'], cwd: worker.run.cwd, script: worker.run.script }
    const configured = readStreamlitConfig(place)
    return streamlitEnvironment({
      worker,
      rootPath,
      mode,
      cookieSecret: this.#secret.secret,
      configured,
      env,
      trustedUserHeaders: this.#room.identity?.()?.streamlitHeaders ?? null,
    })
  }
}

/** The environment of a worker before what belongs to its command line and to Streamlit. */
export function environmentOf(
  worker: ChildWorker,
  room: WorkerRoom,
  account: WorkerAccount | null,
): Record<string, string> {
  return workerEnvironment({
    gateway: room.env,
    home: room.env['HOME'] === undefined ? (homeOfAccount() ?? room.runtimeDir.path) : null,
    inherit: worker.run.inheritEnv,
    own: { ...account?.env, ...worker.run.env },
    instance: `${room.runtimeDir.instance}.${process.pid}`,
    internalApiBase: room.internalApiBase(),
    apiPrefix: room.apiPrefix,
    assertionJwks: room.identity?.()?.jwks ?? null,
    signInPath: room.identity?.()?.signInPath ?? null,
    isEdited: room.mode === 'dev',
  })
}

/** The home of the account the gateway runs under; null when nobody knows the account, as in most containers. */
function homeOfAccount(): string | null {
  try {
    return userInfo().homedir
  } catch {
    return null
  }
}

/** The interpreter of a Python worker as it is now, or the problem with it or with what is installed in it. */
export async function findInterpreter(
  worker: SpawnedUvicorn | SpawnedStreamlit,
  room: WorkerRoom,
  account: WorkerAccount | null,
): Promise<Interpreter | Problem> {
  const { cwd, python } = worker.run
  const found = findPython(python, { cwd, root: room.root, env: room.env })
  if (isProblem(found)) return found
  const path = realBelow(found.path) ?? found.path
  const env = environmentOf(worker, room, account)
  const bootstrapPath = account?.bootstrapPath ?? room.bootstrapPath
  const inspection = await inspectPython(path, { bootstrapPath, cwd, env, account, where: worker.where })
  if (isProblem(inspection)) return inspection
  const missing = missingFor(worker.kind, inspection, worker.where, worker.run.target !== null)[0]
  if (missing !== undefined) return missing
  const { target } = worker.run
  const sdk = target === null ? null : choosePackage(target, inspection, sdkFor(room, account))
  if (sdk !== null && isProblem(sdk)) return sdk
  // Both workers of a target see the same package: once is enough.
  const hidden =
    target === null || worker.kind === 'streamlit' ? [] : hiddenPackage(target, inspection, room.sdk)
  const onPort =
    room.identity?.() && transportOf(worker, inspection, room.mode) === 'tcp' && room.mode === 'serve'
  const warnings = [...lackingFor(worker.kind, inspection), ...(onPort ? [forgeable(worker)] : []), ...hidden]
  return { inspection, warnings }
}

/** Where people are known, whoever reaches the worker past the gateway can say that they are one of them. */
function forgeable({ name, kind, where }: SpawnedUvicorn | SpawnedStreamlit): Problem {
  const unless = kind === 'uvicorn' ? ', unless the app checks X-Fluxlit-Jwt-Assertion' : ''
  return {
    code: 'identity_on_port',
    message: `every account of this machine reaches the port of worker ${name} and can say it is anybody${unless}`,
    where,
    hint:
      kind === 'uvicorn'
        ? 'remove transport = "tcp"'
        : 'remove transport = "tcp"; use Streamlit 1.57 or newer',
  }
}

function sdkFor(room: WorkerRoom, account: WorkerAccount | null): () => Sdk {
  return () => room.sdk(account === null ? undefined : join(account.directory, 'python'))
}

/** The program of a `command`, or the problem with it. */
export function findCommand(
  worker: CommandWorker,
  room: WorkerRoom,
  account: WorkerAccount | null,
): { readonly path: string } | Problem {
  const { PATH: path } = environmentOf(worker, room, account)
  return findExecutable(worker.run.command[0], { cwd: worker.run.cwd, path, where: worker.where })
}

function probeOf(worker: ChildWorker, address: Address | null, rootPath: string): ProbeTarget | null {
  if (worker.kind === 'process' || address === null) return null
  const { path, probeTimeoutMs: timeoutMs } = worker.ready
  if (worker.kind !== 'streamlit') return { kind: 'http', address, path, timeoutMs }
  const base = streamlitBasePath(worker, rootPath)
  const below = base === '' || path === base || path.startsWith(`${base}/`) ? path : base + path
  return { kind: 'streamlit', address, path: below, timeoutMs }
}
