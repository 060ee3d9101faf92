import { readFileSync } from 'node:fs'

import type { ResourceLimit, ResourceLimits } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { WorkerAccount } from './account.ts'
import type { ChildWorker } from './command.ts'
import { findExecutable } from './executable.ts'
import { isProblem } from './problem.ts'
import type { WorkerRoom } from './room.ts'

/** What the system lets the gateway set. */
export interface SystemLimits {
  /** Text of `/proc/self/limits`, empty where there is none: then only the attempt tells. */
  readonly limits: string
  /** Text of `/proc/self/status`, for the capabilities. */
  readonly status: string
}

/** Each limit by the name of prlimit(1) (`RLIMIT_` + upper case is the kernel's), and in /proc/PID/limits. */
const kernel: Readonly<Record<ResourceLimit, { readonly name: string; readonly row: string }>> = {
  open_files: { name: 'nofile', row: 'Max open files' },
  processes: { name: 'nproc', row: 'Max processes' },
  address_space: { name: 'as', row: 'Max address space' },
  file_size: { name: 'fsize', row: 'Max file size' },
  core: { name: 'core', row: 'Max core file size' },
  cpu: { name: 'cpu', row: 'Max cpu time' },
}

/** Position of `CAP_SYS_RESOURCE`, which may raise hard limits, in the sets of /proc/PID/status. */
const sysResource = 24n

/**
 * Words of a worker's command line by which its limits hold from its first instruction on: behind the bootstrap's
 * path for Python, in front of the program (prlimit(1), which becomes it) for a `command`. Empty without limits.
 *
 * @returns or a problem: `rlimit_refused`, `rlimits_unavailable`
 */
export function limiterOf(
  worker: ChildWorker,
  room: Pick<WorkerRoom, 'env'>,
  account: Pick<WorkerAccount, 'uid'> | null,
  system: SystemLimits = systemLimits(),
): readonly string[] | Problem {
  const { rlimits, cwd } = worker.run
  const given = entriesOf(rlimits)
  if (given.length === 0) return []
  const mayRaise = hasSysResource(system) && (account?.uid ?? 0) === 0
  const refused = mayRaise ? undefined : given.find(([key, value]) => value > hardLimit(key, system))
  if (refused !== undefined) return tooHigh(worker, ...refused, hardLimit(refused[0], system))
  const settings = given.map((entry) => setting(entry, system))
  if (worker.kind === 'uvicorn' || worker.kind === 'streamlit') return ['limited', settings.join(',')]
  const prlimit = findExecutable('prlimit', { cwd, path: room.env['PATH'], where: worker.where })
  if (isProblem(prlimit)) return unavailable(worker)
  return [prlimit.path, ...settings.map((text) => `--${text}`), '--']
}

function entriesOf(rlimits: ResourceLimits): readonly (readonly [ResourceLimit, number])[] {
  const keys: readonly ResourceLimit[] = [
    'open_files',
    'processes',
    'address_space',
    'file_size',
    'core',
    'cpu',
  ]
  return keys.flatMap((key) => {
    const value = rlimits[key]
    return value === undefined ? [] : [[key, value] as const]
  })
}

function setting([key, value]: readonly [ResourceLimit, number], system: SystemLimits): string {
  // At its hard limit of CPU time a process gets SIGKILL, which looks like a lack of memory; a second earlier SIGXCPU.
  const hard = key === 'cpu' ? Math.max(value, Math.min(value + 1, hardLimit(key, system))) : value
  return `${kernel[key].name}=${value}:${hard}`
}

function hardLimit(key: ResourceLimit, { limits }: SystemLimits): number {
  const row = limits.split('\n').find((line) => line.startsWith(`${kernel[key].row} `))
  const [, hard] = row?.slice(kernel[key].row.length).trim().split(/\s+/) ?? []
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard)
}

function hasSysResource({ status }: SystemLimits): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  return ((BigInt(`0x${effective}`) >> sysResource) & 1n) === 1n
}

function systemLimits(): SystemLimits {
  return { limits: read('/proc/self/limits'), status: read('/proc/self/status') }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function tooHigh({ name, where }: ChildWorker, key: ResourceLimit, value: number, hard: number): Problem {
  const option = kernel[key].name.toUpperCase()
  return {
    code: 'rlimit_refused',
    message: `\`rlimits.${key}\` of worker \`${name}\` (${value}) is above the hard limit it would inherit (${hard})`,
    where,
    hint: `lower it, or start the gateway with more: Limit${option}= in a systemd unit, --ulimit for a container`,
  }
}

function unavailable({ name, where }: ChildWorker): Problem {
  return {
    code: 'rlimits_unavailable',
    message: `the limits of worker \`${name}\` cannot be set: the program \`prlimit\` is not on the PATH`,
    where,
    hint: 'install util-linux, or remove `rlimits`; workers in Python need no such program',
  }
}
