import { readFileSync } from 'node:fs'

import type { Gateway } from './gateway.ts'

/** The id, in our namespace, of the process of a gateway that is PID 1 of a namespace of its own. */
export function firstProcessOf(running: Gateway): number {
  const first = running.processes().find(({ pid }) => isFirst(pid))
  if (first === undefined) throw new Error('none of its processes is PID 1')
  return first.pid
}

// `NSpid:` lists the ids of a process from our namespace down to its own.
function isFirst(pid: number): boolean {
  return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
}
