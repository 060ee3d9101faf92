/** Where things run: the proxy has a core of its own, everything else shares the others. */

import { cpus } from 'node:os'

import { must } from '../shell/run.mjs'

/**
 * Moves this process, and with it all that it starts, away from the proxy's core.
 * @param core the proxy's
 * @throws Error when there is no other core
 */
export async function leaveCore(core: number): Promise<void> {
  const others = otherCores(core, cpus().length)
  if (others === null) throw new Error(`a proxy on core ${core} needs another core for everything else`)
  await must('taskset', 'taskset', ['-acp', others, String(process.pid)])
}

/** All cores but one, as taskset(1) writes them; null when none is left, or when there is no such core. */
export function otherCores(core: number, count: number): string | null {
  const others = Array.from({ length: count }, (_, index) => index).filter((index) => index !== core)
  return others.length === 0 || core >= count ? null : others.join(',')
}
