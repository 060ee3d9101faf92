/** The kernel's table of processes as `/proc` shows it. Empty where there is no `/proc` (macOS, Windows). */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** One line of `/proc/PID/stat`, the part that matters here (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly pid: number
  /** One letter: `R`, `S`, `T` = stopped, `Z` = zombie, ... */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** Clock ticks since boot at which it started; with the id it names a process for good. */
  readonly start: bigint
}

/** Ids of all processes that can be seen. */
export function processIds(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** What the kernel says about a process, or null when it is gone or cannot be seen. */
export function processStat(pid: number): ProcessStat | null {
  const text = read(pid, 'stat')
  // The command name stands in parentheses and may itself contain any byte, so the last `)` counts.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, group] = fields ?? []
  const start = fields?.[19]
  if (state === undefined || parent === undefined || group === undefined || start === undefined) return null
  return { pid, state, parent: Number(parent), group: Number(group), start: BigInt(start) }
}

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  const stat = processStat(pid)
  return stat !== null && stat.state !== 'Z'
}

/** The command line, words joined by blanks, without control characters; `''` for kernel threads and zombies. */
export function commandLine(pid: number): string {
  return (read(pid, 'cmdline') ?? '').replaceAll(/[\0-\x1f\x7f]+/g, ' ').trim()
}

/** A variable of the environment a process was started with, or null. Other accounts' processes show none. */
export function startVariable(pid: number, name: string): string | null {
  const entry = read(pid, 'environ')
    ?.split('\0')
    .find((text) => text.startsWith(`${name}=`))
  return entry === undefined ? null : entry.slice(name.length + 1)
}

/** Identity of the process-id namespace a process lives in, or null when it may not be seen. */
export function pidNamespace(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return null
  }
}

/** Ids of the direct children of this process, zombies included. */
export function childIds(): readonly number[] {
  try {
    const threads = readdirSync('/proc/self/task')
    return threads.flatMap((thread) => numbers(readFileSync(`/proc/self/task/${thread}/children`, 'latin1')))
  } catch {
    // The list of children is an option of the kernel; the long way always works.
    return processIds().filter((pid) => processStat(pid)?.parent === process.pid)
  }
}

// Null = gone meanwhile, or another account's.
function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}

function numbers(text: string): readonly number[] {
  return text.split(' ').flatMap((word) => (/^\d+$/.test(word) ? [Number(word)] : []))
}
