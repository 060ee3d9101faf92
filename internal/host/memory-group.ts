/**
 * The memory cgroup of this process, in either version of cgroups, wherever they are mounted: in a container the root of
 * the mount is often not that of the machine, and the gateway may be in a group below it.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What is looked at. */
export interface MemoryGroup {
  readonly version: 1 | 2
  /** Its own directory. */
  readonly directory: string
  /** Where the mount begins: what is above it cannot be seen. */
  readonly top: string
}

/** Texts of the kernel, null where there is no such file. */
export interface GroupTexts {
  /** `/proc/self/cgroup` */
  readonly membership: string | null
  /** `/proc/self/mountinfo` */
  readonly mounts: string | null
}

/** The group this process is in; null where none can be seen (macOS, Windows, a mount of other groups). */
export function memoryGroup(
  texts: GroupTexts = { membership: read('/proc/self/cgroup'), mounts: read('/proc/self/mountinfo') },
): MemoryGroup | null {
  const memberships = linesOf(texts.membership).map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? [])
  // Where both versions are mounted, the controller is in one of them.
  const own = memberships.find(([, controllers = '']) => controllers.split(',').includes('memory'))
  const [, , path] = own ?? memberships.find(([, controllers]) => controllers === '') ?? []
  if (path === undefined) return null
  const version = own === undefined ? 2 : 1
  const groups = linesOf(texts.mounts).flatMap((line): readonly MemoryGroup[] => {
    const mount = mountOf(line)
    const below = mount?.version === version ? pathBelow(mount.root, path) : null
    if (mount === null || below === null) return []
    return [{ version, directory: join(mount.place, below), top: mount.place }]
  })
  // What is mounted later may hide what was there.
  return groups.findLast(({ directory }) => existsSync(directory)) ?? null
}

/** How many processes of the group the kernel has killed so far for lack of memory; null = nobody says. */
export function oomKills(group: MemoryGroup | null = memoryGroup()): number | null {
  if (group === null) return null
  if (group.version === 1) return killsIn(join(group.directory, 'memory.oom_control'))
  // A group without the controller is part of the next one above that has it.
  const files = [...upwards(group)].map((place) => join(place, 'memory.events'))
  return killsIn(files.find((file) => existsSync(file)) ?? '')
}

function killsIn(file: string): number | null {
  return numberIn(read(file), /^oom_kill (\d+)$/m)
}

/** Bytes that the group may use, by its own limit and those above it; null = as many as there are. */
export function memoryLimit(group: MemoryGroup | null = memoryGroup()): number | null {
  if (group === null) return null
  const { version, directory } = group
  const limits =
    version === 1
      ? [numberIn(read(join(directory, 'memory.stat')), /^hierarchical_memory_limit (\d+)$/m)]
      : [...upwards(group)].map((place) => numberIn(read(join(place, 'memory.max')), /^(\d+)$/m))
  const given = limits.filter((limit) => limit !== null && limit < unlimited)
  return given.length === 0 ? null : Math.min(...given.map(Number))
}

/** The first version says "no limit" with the largest number that is a whole page. */
const unlimited = 2 ** 62

interface Mount {
  readonly version: 1 | 2
  /** Path of the group whose directory is {@link place}, as in `/proc/self/cgroup`. */
  readonly root: string
  readonly place: string
}

/** proc_pid_mountinfo(5): `34 29 0:30 ROOT PLACE OPTIONS [more...] - TYPE SOURCE OPTIONS`. */
function mountOf(line: string): Mount | null {
  const [first = '', second = ''] = line.split(' - ')
  const [, , , root = '', place = ''] = first.split(' ')
  const [type, , options = ''] = second.split(' ')
  const version =
    type === 'cgroup2' ? 2 : type === 'cgroup' && options.split(',').includes('memory') ? 1 : null
  return version === null ? null : { version, root: unescaped(root), place: unescaped(place) }
}

/** Both are seen from the same cgroup namespace, so that `..` means the same in them. */
function pathBelow(root: string, path: string): string | null {
  if (root === '/') return path.startsWith('/..') ? null : path
  if (path === root) return ''
  return path.startsWith(`${root}/`) ? path.slice(root.length) : null
}

function* upwards({ directory, top }: MemoryGroup): Generator<string> {
  for (let place = directory; place.startsWith(top); place = dirname(place)) {
    yield place
    if (place === top) return
  }
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))
}

function numberIn(text: string | null, pattern: RegExp): number | null {
  const found = pattern.exec(text ?? '')?.[1]
  return found === undefined ? null : Number(found)
}

function linesOf(text: string | null): readonly string[] {
  return text?.split('\n') ?? []
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
