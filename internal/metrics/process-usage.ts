/** What the gateway's own process uses now. */

import { readdirSync, readFileSync } from 'node:fs'

/** One reading. Null = cannot be read on this system. */
export interface ProcessUsage {
  /** User and system time in seconds. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Of JavaScript objects. */
  readonly heapBytes: number
  /** Of buffers outside that heap. */
  readonly externalBytes: number
  readonly openFiles: number | null
  readonly maxFiles: number | null
}

/** Reads it, from Node and from `/proc`. */
export function readProcessUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    cpuSeconds: (user + system) / 1_000_000,
    residentBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    openFiles: openFiles(),
    maxFiles: maxFiles(),
  }
}

/** Without the descriptor by which they are counted. */
function openFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return null
  }
}

/** The soft limit (proc_pid_limits(5)); null also for `unlimited`. */
function maxFiles(): number | null {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return found === undefined ? null : Number(found)
  } catch {
    return null
  }
}
