import { readFile, readdir } from 'node:fs/promises'

import type { Usage } from './types.ts'

/** USER_HZ, in which Linux tells times to programs whatever its own clock does (proc_pid_stat(5)). */
const ticksPerSecond = 100

/**
 * What a process and its descendants use now, from `/proc`; null when it has ended, and where there is no `/proc`.
 * A process that left its parents (a double fork) is not found.
 */
export async function measure(leader: number): Promise<Usage | null> {
  const readings = await measureTree(leader)
  if (readings.length === 0) return null
  return {
    memoryBytes: readings.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    cpuSeconds: readings.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  }
}

async function measureTree(pid: number): Promise<readonly Usage[]> {
  const [status, stat, children] = await Promise.all([
    read(`/proc/${pid}/status`),
    read(`/proc/${pid}/stat`),
    childrenOf(pid),
  ])
  // A zombie has no VmRSS any more.
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kib === undefined || stat === '') return []
  const below = await Promise.all(children.map((child) => measureTree(child)))
  return [{ memoryBytes: Number(kib) * 1024, cpuSeconds: secondsOf(stat) }, ...below.flat()]
}

// A child is listed below the thread that started it.
async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(threads.map((thread) => read(`/proc/${pid}/task/${thread}/children`)))
  return lists.flatMap((list) => list.split(' ').filter((each) => each !== '')).map(Number)
}

// User and system time of the process and of its children that have ended. `pid (name) state ...`; the name may
// contain anything, also parentheses.
function secondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks / ticksPerSecond
}

async function read(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '')
}
