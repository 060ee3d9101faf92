import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

import { eventually } from './eventually.ts'

/** A memory cgroup of one test. */
export interface MemoryGroup {
  /** Starts the program behind it inside the group; for `through`. */
  readonly through: readonly string[]
  /** Waits for the end of what is in it. Not before whoever ends that has been asked to. */
  remove(): Promise<void>
}

const kinds = [
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
] as const

/** Makes a cgroup that may use so many bytes; null where this account cannot. */
export function memoryGroup(bytes: number): MemoryGroup | null {
  for (const { root, limit } of kinds) {
    const path = join(root, `fluxlit-test-${randomUUID()}`)
    if (!existsSync(join(root, 'cgroup.procs')) || !isMade(path)) continue
    if (!existsSync(join(path, limit))) {
      rmdirSync(path)
      continue
    }
    writeFileSync(join(path, limit), String(bytes))
    return {
      through: ['sh', '-c', `echo $$ >${path}/cgroup.procs && exec "$@"`, 'sh'],
      remove: () => eventually('the cgroup can be removed', () => (rmdirSync(path), true)).then(() => {}),
    }
  }
  return null
}

/** Why no memory cgroup can be had here; false when one can. */
export async function withoutMemoryGroup(): Promise<string | false> {
  const group = memoryGroup(2 ** 30)
  await group?.remove()
  return group === null ? 'this account may not make a memory cgroup' : false
}

function isMade(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}
