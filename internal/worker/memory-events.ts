import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * How many processes the kernel has killed so far for lack of memory in the memory cgroup of this process, in
 * either version of cgroups; null where that cannot be read.
 *
 * @param root where cgroups are mounted; @param own text of `/proc/self/cgroup`
 */
export function oomKills(
  root = '/sys/fs/cgroup',
  own: string | null = read('/proc/self/cgroup'),
): number | null {
  for (const line of own?.split('\n') ?? []) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const files = filesOf(controllers, path)
    for (const file of files) {
      const count = /^oom_kill (\d+)$/m.exec(read(join(root, file)) ?? '')?.[1]
      if (count !== undefined) return Number(count)
    }
  }
  return null
}

// In a container the path is often that of the host, while the mount shows only what is ours.
function filesOf(controllers: string, path: string): readonly string[] {
  if (controllers === '') return [join(path, 'memory.events'), 'memory.events']
  if (!controllers.split(',').includes('memory')) return []
  return [join('memory', path, 'memory.oom_control'), 'memory/memory.oom_control']
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
