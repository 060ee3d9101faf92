import { readdirSync, readFileSync } from 'node:fs'

/** SIGKILL to every process of a group. Nothing happens when there is none left. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

/** Whether a process of the group still runs. A zombie does not: nobody can end it, only its parent can bury it. */
export function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  // The signal also reaches zombies. Where there is no /proc to tell, they count as alive.
  const members = membersOf(group)
  return members === null || members.length > 0
}

function membersOf(group: number): readonly number[] | null {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => isMember(pid, group))
  } catch {
    return null
  }
}

function isMember(pid: number, group: number): boolean {
  try {
    // `pid (name) state parent group ...`; the name may contain anything, also parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(processGroup) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}
