/** What Linux says in /proc about a process and everything below it (man proc_pid_stat, proc_pid_status). */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

/** Ticks of /proc/PID/stat in a second: USER_HZ, which is part of Linux' interface to programs and always 100. */
const ticksPerSecond = 100

/** The process and its descendants that run now; empty when it is gone. */
export function processTree(pid: number): readonly number[] {
  const children = tasksOf(pid).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  )
  return read(`/proc/${pid}/stat`) === '' ? [] : [pid, ...children.flatMap(processTree)]
}

/**
 * User and system time of processes, all their threads and the children they have waited for, in microseconds.
 * Exact to 10 ms per process.
 */
export function cpuMicroseconds(pids: readonly number[]): number {
  const ticks = sum(pids.map((pid) => sum(cpuFields(read(`/proc/${pid}/stat`)))))
  return (ticks * 1_000_000) / ticksPerSecond
}

/** utime, stime, cutime, cstime of a line of /proc/PID/stat, in ticks; the name in it may contain anything. */
export function cpuFields(stat: string): readonly number[] {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat === '' ? [] : fields.slice(11, 15).map(Number)
}

/** Memory of their own (RssAnon: heaps, buffers, stacks; without files and shared memory), in bytes. */
export function anonymousBytes(pids: readonly number[]): number {
  return sum(pids.map((pid) => statusBytes(pid, 'RssAnon')))
}

/** The most memory (VmHWM) each of them ever had resident, or had since {@link resetPeak}, in bytes. */
export function peakBytes(pids: readonly number[]): number {
  return sum(pids.map((pid) => statusBytes(pid, 'VmHWM')))
}

/** Starts {@link peakBytes} anew from what is resident now. */
export function resetPeak(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Open descriptors of all of them. */
export function openDescriptors(pids: readonly number[]): number {
  return sum(pids.map((pid) => list(`/proc/${pid}/fd`).length))
}

function statusBytes(pid: number, name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/status`))
  return line === null ? 0 : Number(line[1]) * 1024
}

function tasksOf(pid: number): readonly string[] {
  return list(`/proc/${pid}/task`)
}

// A process that ended meanwhile has nothing.
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
