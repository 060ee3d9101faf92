import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { Problem } from '../fault/startup.ts'

/** What decides where the runtime directory is. Everything but the first two is for tests. */
export interface RuntimeDirInput {
  /** `Config.instanceKey`: what tells this gateway from others of the same account. */
  readonly instanceKey: string
  /** For `RUNTIME_DIRECTORY` and `XDG_RUNTIME_DIR`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Replaces the list of places that are tried, in order. */
  readonly candidates?: readonly string[]
  readonly pid?: number
}

/** There the directory of an account is closed to others by rules that modes do not show, and sockets are pipes. */
const isWindows = process.platform === 'win32'

/** Bytes the kernel takes for the path of a Unix socket, without the final zero. */
export const longestSocketPath = 107

/** Room for `NAME.GENERATION.sock` below the directory; a longer worker name is reported when it comes up. */
const usualSocketName = 24

/**
 * The gateway's private directory for sockets and unpacked files: `<place>/<hash>/<pid>`, mode 0700 and ours
 * alone. No other account can reach a socket in it, and so nobody can talk to a worker past the gateway.
 */
export class RuntimeDir {
  /** Directory of this process, absolute. */
  readonly path: string
  /** Twelve hex digits that stand for the configuration; the same after a restart. */
  readonly instance: string
  readonly #sockets = new Map<string, number>()
  readonly #accountDirs = new Map<string, string>()

  constructor(path: string, instance: string) {
    this.path = path
    this.instance = instance
  }

  /**
   * A path for the socket of one process of a worker, never the same twice: a generation starts while another one of
   * the same worker, or of its namesake in the configuration before, still listens.
   *
   * @param directory ours, or that of the account the worker runs under
   */
  nextSocket(worker: string, directory: string = this.path): { readonly path: string } | Problem {
    const number = (this.#sockets.get(worker) ?? 0) + 1
    this.#sockets.set(worker, number)
    return checkSocketPath(join(directory, `${worker}.${number}.sock`))
  }

  /**
   * The directory of a worker that runs under another account: owned by that account, mode 0700, beside our own and
   * not in it, so that our own stays closed. Only the way to it is opened, for passing and not for looking.
   *
   * @param files what is put into it, by name. Only once: afterwards the account decides what lies there, and
   *   writing into it as root would follow links of its choice.
   * @returns its absolute path, or the problem `runtime_dir`
   */
  accountDir(
    worker: string,
    account: { readonly uid: number; readonly gid: number },
    files: Readonly<Record<string, string>>,
  ): { readonly path: string } | Problem {
    const path = `${this.path}-${worker}`
    const owner = `${account.uid}:${account.gid}`
    if (this.#accountDirs.get(path) === owner) return { path }
    try {
      for (const above of [dirname(dirname(path)), dirname(path)])
        chmodSync(above, (lstatSync(above).mode & 0o777) | 0o011)
      rmSync(path, { recursive: true, force: true })
      mkdirSync(path, { mode: 0o700 })
      this.#accountDirs.set(path, owner)
      for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { mode: 0o644 })
      chownSync(path, account.uid, account.gid)
      return { path }
    } catch (error) {
      const message = `there is no private directory for worker ${worker}: ${reason(error)}`
      return { code: 'runtime_dir', message, hint: 'look at the permissions of the directory it names' }
    }
  }

  /** Where a socket of that name goes, or a problem when the kernel would cut its path off. */
  socketPath(name: string): { readonly path: string } | Problem {
    return checkSocketPath(join(this.path, `${name}.sock`))
  }

  /** Writes a file only we can read and returns its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  /** Removes the directory with everything in it. Idempotent. */
  close(): void {
    for (const path of [this.path, ...this.#accountDirs.keys()])
      rmSync(path, { recursive: true, force: true })
    try {
      // Only when no other gateway with this configuration is there.
      rmdirSync(dirname(this.path))
    } catch {
      // It is, or the directory is the service manager's to remove.
    }
  }
}

/**
 * What is listened on and connected to for the path of a socket: itself, or on Windows the pipe that stands for it.
 * Others may not write to a pipe of this account.
 */
export function endpointOf(path: string, windows = isWindows): string {
  if (!windows) return path
  const name = createHash('sha256').update(path.toLowerCase()).digest('hex').slice(0, 32)
  return `\\\\.\\pipe\\fluxlit-${name}`
}

function checkSocketPath(path: string): { readonly path: string } | Problem {
  if (isWindows) return { path }
  if (Buffer.byteLength(path) <= longestSocketPath) return { path }
  return {
    code: 'socket_path_too_long',
    message: `the socket path ${path} is longer than ${longestSocketPath} bytes`,
    hint: 'use a shorter worker name, or set RUNTIME_DIRECTORY to a short directory',
  }
}

/** The places for runtime directories, best first. The control socket of a running gateway is found by them. */
export function runtimeDirCandidates(env: RuntimeDirInput['env']): readonly string[] {
  if (isWindows) return [join(env['LOCALAPPDATA'] ?? tmpdir(), 'fluxlit', 'run')]
  const fromSystemd = env['RUNTIME_DIRECTORY']?.split(':')[0]
  const session = env['XDG_RUNTIME_DIR']
  return [
    ...(fromSystemd ? [fromSystemd] : []),
    '/run/fluxlit',
    ...(session ? [join(session, 'fluxlit')] : []),
    join(tmpdir(), `fluxlit-${ownUser()}`),
  ]
}

/** Twelve hex digits that stand for a configuration: the name of its directory in each place. */
export function instanceHash(instanceKey: string): string {
  return createHash('sha256').update(instanceKey).digest('hex').slice(0, 12)
}

/**
 * Creates the directory in the first place that is ours and writable, and removes what dead gateways left there.
 *
 * @returns the directory, or the problem `runtime_dir` naming every place and what is wrong with it
 */
export function openRuntimeDir(input: RuntimeDirInput): RuntimeDir | Problem {
  const instance = instanceHash(input.instanceKey)
  const pid = input.pid ?? process.pid
  const refused: string[] = []
  for (const base of input.candidates ?? runtimeDirCandidates(input.env)) {
    const outcome = attempt(base, instance, pid)
    if (typeof outcome !== 'string') return outcome
    refused.push(`${base}: ${outcome}`)
  }
  return {
    code: 'runtime_dir',
    message: 'there is no private directory for sockets',
    hint: 'set RUNTIME_DIRECTORY to a short directory that only this account can write to',
    detail: refused,
  }
}

// One candidate: the directory, or what speaks against it.
function attempt(base: string, instance: string, pid: number): RuntimeDir | string {
  const own = join(base, instance, String(pid))
  if (!isWindows && Buffer.byteLength(own) + usualSocketName > longestSocketPath)
    return 'too long for socket paths'
  try {
    mkdirSync(base, { mode: 0o700, recursive: isWindows })
  } catch (error) {
    if (!isCode(error, 'EEXIST')) return reason(error)
  }
  try {
    const wrong = distrust(base, false) ?? makePrivate(join(base, instance))
    if (wrong !== undefined) return wrong
    removeStale(join(base, instance), pid)
    rmSync(own, { recursive: true, force: true })
    mkdirSync(own, { mode: 0o700 })
    return distrust(own, true) ?? new RuntimeDir(own, instance)
  } catch (error) {
    return reason(error)
  }
}

function makePrivate(path: string): string | undefined {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  }
  const wrong = distrust(path, true)
  // Another gateway of this configuration may have opened the way to its workers' accounts.
  if (wrong === undefined) chmodSync(path, (lstatSync(path).mode & 0o711) | 0o700)
  return wrong
}

/**
 * Why a directory cannot be trusted: lstat, because a symlink another account planted would lead us elsewhere.
 * The outer one may belong to root (it is made by the service manager); nobody else may be able to rename in it.
 */
function distrust(path: string, mustBeOurs: boolean): string | undefined {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return `${path} is a symbolic link`
  if (!stat.isDirectory()) return `${path} is not a directory`
  if (isWindows) return undefined
  const owners = mustBeOurs ? [ownUser()] : [ownUser(), 0]
  if (!owners.includes(stat.uid)) return `${path} belongs to user ${stat.uid}`
  if ((stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0) return `${path} is writable by others`
  return undefined
}

// A directory named after a process that is gone was left by a gateway that was killed.
function removeStale(parent: string, pid: number): void {
  for (const name of readdirSync(parent)) {
    const owner = /^(\d+)(-[a-z0-9.]+)?$/.exec(name)?.[1]
    if (owner === undefined || Number(owner) === pid || isRunning(Number(owner))) continue
    rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

function ownUser(): number {
  return process.geteuid?.() ?? 0
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
