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

/**
 * What the program sees: all groups of the machine; as in a container, those below one of them, its own among them,
 * under the paths of the machine; or the same in a namespace, where paths begin at that one.
 */
export type View = 'machine' | 'part' | 'namespace'

const kinds = [
  { root: '/sys/fs/cgroup', limit: 'memory.max', mount: 'mount -t cgroup2 none' },
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', mount: 'mount -t cgroup -o memory none' },
] as const

/** Makes a cgroup that may use so many bytes; null where this account cannot. */
export function memoryGroup(bytes: number, view: View = 'machine'): MemoryGroup | null {
  for (const { root, limit, mount } of kinds) {
    const outer = join(root, `fluxlit-test-${randomUUID()}`)
    const inner = join(outer, 'inner')
    if (!existsSync(join(root, 'cgroup.procs')) || !isMade(outer)) continue
    if (!existsSync(join(outer, limit)) || !isMade(inner)) {
      rmdirSync(outer)
      continue
    }
    if (existsSync(join(inner, limit))) writeFileSync(join(inner, limit), String(bytes))
    // Of the second version: the controller is not handed down.
    else writeFileSync(join(outer, limit), String(bytes))
    const remove = (): true => {
      rmdirSync(inner)
      rmdirSync(outer)
      return true
    }
    return {
      through: ['sh', '-euc', entering(view, mount), 'sh', root, outer],
      remove: () => eventually('the cgroup can be removed', remove).then(() => {}),
    }
  }
  return null
}

// $1 root, $2 outer group, then the program. The namespace begins at the group that who makes it is in.
function entering(view: View, mount: string): string {
  const enter = 'echo $$ >"$2/inner/cgroup.procs"'
  const go = 'shift 2; exec "$@"'
  if (view === 'machine') return `${enter}; ${go}`
  const own = 'exec unshare --mount --propagation private'
  const around = `sh -euc '${view === 'part' ? 'mount --bind "$2" "$1"' : `umount "$1"; ${mount} "$1"; echo $$ >"$1/inner/cgroup.procs"`}; ${go}' sh "$@"`
  return view === 'part'
    ? `${enter}; ${own} ${around}`
    : `echo $$ >"$2/cgroup.procs"; ${own} --cgroup ${around}`
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
