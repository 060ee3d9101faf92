/**
 * Processes that a worker started and that left its group (a double fork, setsid). They are known by the variable
 * `FLUXLIT_INSTANCE=HASH.PID`, which every worker is started with and passes on. A program that overwrites its own
 * environment in memory (setproctitle does) hides itself, not what it starts later.
 */

import { setTimeout as pause } from 'node:timers/promises'

import {
  commandLine,
  isRunning,
  pidNamespace,
  processIds,
  processStat,
  startVariable,
} from './process-table.ts'

/** A process that carries the mark of a gateway. */
export interface MarkedProcess {
  readonly pid: number
  /** `HASH.PID`: configuration and process id of the gateway it belongs to. */
  readonly mark: string
  readonly command: string
  /** Clock ticks since boot. */
  readonly start: bigint
}

/** What came of ending marked processes. */
export interface EndingOutcome {
  /** All that were found and killed. */
  readonly ended: readonly MarkedProcess[]
  /** Those still there afterwards: another account's, or stuck in the kernel. */
  readonly survivors: readonly MarkedProcess[]
}

const variable = 'FLUXLIT_INSTANCE'

/** How often is looked again, and the time between: 2 s in all, so that a fork bomb cannot keep a stop from ending. */
const rounds = 100
const roundMs = 20

/** How often one look goes over what was started since it began. */
const passes = 10

/** Selects what this gateway started, at its stop. @param mark exactly what its workers were started with */
export function belongingTo(mark: string): (found: MarkedProcess) => boolean {
  return (found) => found.mark === mark
}

/**
 * Selects what gateways of the same configuration left behind when they were killed; for the start, before the first
 * worker is spawned.
 *
 * @param instance the hash of the configuration
 * @param ownPid in a container a new gateway has often the id of the one before
 */
export function leftBehind(
  instance: string,
  ownPid: number = process.pid,
): (found: MarkedProcess) => boolean {
  return ({ mark, start }) => {
    const [hash, pid] = mark.split('.')
    if (hash !== instance || pid === undefined || !/^[1-9]\d{0,9}$/.test(pid)) return false
    if (Number(pid) === ownPid || !isRunning(Number(pid))) return true
    // A gateway starts before its workers: a younger process has only got its number.
    const gateway = processStat(Number(pid))
    return gateway === null || gateway.start > start
  }
}

/**
 * Marked processes that are selected, except this one and those it descends from. Zombies have no environment.
 * @param met called with each at once, while the others are still being looked for
 */
export function findMarked(
  select: (found: MarkedProcess) => boolean,
  met: (found: MarkedProcess) => void = () => undefined,
): readonly MarkedProcess[] {
  const spared = lineage()
  const namespace = pidNamespace(process.pid)
  const all: MarkedProcess[] = []
  const seen = new Set<number>(spared)
  // A look takes a while: those that were started meanwhile are looked at, too, as long as there are any.
  for (let pass = 0; pass < passes; pass += 1) {
    const fresh = processIds().filter((pid) => !seen.has(pid))
    if (fresh.length === 0) break
    for (const pid of fresh) {
      seen.add(pid)
      const found = markedProcess(pid, namespace)
      if (found === null || !select(found)) continue
      met(found)
      all.push(found)
    }
  }
  return all
}

/**
 * Kills the selected processes, and what they start meanwhile, until none is found; bounded to some seconds. Each is
 * stopped when it is met, and all are before the first is killed, so that they cannot replace each other.
 */
export async function endMarked(select: (found: MarkedProcess) => boolean): Promise<EndingOutcome> {
  const ended = new Map<number, MarkedProcess>()
  const stop = ({ pid }: MarkedProcess): void => signal(pid, 'SIGSTOP')
  let found = findMarked(select, stop)
  // One that forks while it is looked for can be missed once: only two empty looks in a row mean that none is left.
  let wasEmpty = found.length === 0
  for (let round = 0; round < rounds && !(wasEmpty && found.length === 0); round += 1) {
    wasEmpty = found.length === 0
    for (const one of found) {
      signal(one.pid, 'SIGKILL')
      ended.set(one.pid, one)
    }
    await pause(roundMs)
    found = findMarked(select, stop)
  }
  for (const { pid } of found) ended.delete(pid)
  return { ended: [...ended.values()], survivors: found }
}

function markedProcess(pid: number, namespace: string | null): MarkedProcess | null {
  const mark = startVariable(pid, variable)
  const start = mark === null ? undefined : processStat(pid)?.start
  // In a container below this one the id in a mark means another process.
  if (mark === null || start === undefined || pidNamespace(pid) !== namespace) return null
  return { pid, mark, start, command: commandLine(pid) }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended, or belongs to another account; the next look tells.
  }
}

// A shell inside a worker, from which somebody starts a gateway, must not be killed by it.
function lineage(): ReadonlySet<number> {
  const line = new Set<number>()
  for (let pid = process.pid; pid > 0 && !line.has(pid); pid = processStat(pid)?.parent ?? 0) line.add(pid)
  return line
}
