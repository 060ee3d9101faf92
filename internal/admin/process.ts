import { readFileSync } from 'node:fs'

/**
 * Whether a process is still there. A zombie is not: nothing of it runs, its parent only has not asked yet.
 *
 * @param pid of this system's process table; in another namespace it names nobody or somebody else
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there and belongs to another account.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  return !isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    // `4711 (name, which may hold anything) Z ...`
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}
