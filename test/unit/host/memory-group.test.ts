import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { memoryGroup, memoryLimit, oomKills } from '../../../internal/host/memory-group.ts'
import type { GroupTexts } from '../../../internal/host/memory-group.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

const none = 9_223_372_036_854_771_712n

/** A system whose cgroups lie in a fresh directory: kills and limit as the gateway sees them. */
async function seen(
  t: Cleanup,
  files: Readonly<Record<string, string>>,
  texts: (top: string) => GroupTexts,
): Promise<readonly (number | null)[]> {
  const group = memoryGroup(texts(await freshDirectory(t, { files })))
  return [oomKills(group), memoryLimit(group)]
}

function second(root: string, place: string): string {
  return `35 24 0:30 ${root} ${place} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate`
}

function first(root: string, place: string, controllers = 'memory'): string {
  return `36 24 0:31 ${root} ${place} ro,nosuid - cgroup cgroup rw,${controllers}`
}

describe('the memory cgroup of the gateway', () => {
  const events = (kills: number): string => `low 0\nmax 7\noom 3\noom_kill ${kills}\noom_group_kill 0\n`

  it('is one below the root of the second version, and every limit above it counts', async (t) => {
    const files = {
      'a/memory.max': '3000\n',
      'a/b/memory.max': 'max\n',
      'a/b/memory.events': events(2),
      'a/memory.events': events(9),
    }
    const texts = (top: string): GroupTexts => ({ membership: '0::/a/b\n', mounts: second('/', top) })
    assert.deepEqual(await seen(t, files, texts), [2, 3000])
  })

  it('is the next one above that has the controller', async (t) => {
    const files = { 'a/memory.events': events(3), 'a/memory.max': '9\n', 'a/b/c/cgroup.procs': '' }
    const texts = (top: string): GroupTexts => ({ membership: '0::/a/b/c\n', mounts: second('/', top) })
    assert.deepEqual(await seen(t, files, texts), [3, 9])
  })

  it('is the root of the mount in a container with a namespace', async (t) => {
    const files = { 'memory.events': events(4), 'memory.max': '500\n' }
    const texts = (top: string): GroupTexts => ({ membership: '0::/\n', mounts: second('/', top) })
    assert.deepEqual(await seen(t, files, texts), [4, 500])
  })

  it('is found by the part of the path that is mounted, in a container without one', async (t) => {
    const files = {
      'inner/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n',
      'inner/memory.stat': 'cache 1\nhierarchical_memory_limit 4096\n',
      'memory.oom_control': 'oom_kill 0\n',
    }
    const membership = '5:cpu,cpuacct:/docker/x\n4:memory:/docker/x/inner\n0::/\n'
    const texts = (top: string): GroupTexts => ({
      membership,
      mounts: [second('/', '/nowhere'), first('/docker/x', top)].join('\n'),
    })
    assert.deepEqual(await seen(t, files, texts), [5, 4096])
  })

  it('may share its mount with others, and have a blank in its path', async (t) => {
    const files = {
      'my group/memory.oom_control': 'oom_kill 1\n',
      'my group/memory.stat': `hierarchical_memory_limit ${none}\n`,
    }
    const texts = (top: string): GroupTexts => ({
      membership: '4:cpu,memory:/my group\n',
      mounts: first('/', top.replaceAll(' ', '\\040'), 'cpu,memory'),
    })
    assert.deepEqual(await seen(t, files, texts), [1, null])
  })

  it('is nobody’s guess where other groups are mounted, or none', async (t) => {
    const elsewhere = (top: string): GroupTexts => ({
      membership: '0::/../../kubepods/x\n',
      mounts: second('/', top),
    })
    const files = { 'memory.events': events(6), 'memory.max': '1\n' }
    assert.deepEqual(await seen(t, files, elsewhere), [null, null])
    const covered = (top: string): GroupTexts => ({
      membership: '0::/x\n',
      mounts: [second('/', `${top}/away`), second('/x', top)].join('\n'),
    })
    assert.deepEqual(await seen(t, files, covered), [6, 1], 'a mount that hides another one counts')
    assert.deepEqual(await seen(t, {}, () => ({ membership: null, mounts: null })), [null, null])
  })
})
