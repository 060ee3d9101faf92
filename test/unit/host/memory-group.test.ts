import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { memoryGroup, memoryLimit, oomKills } from '../../../internal/host/memory-group.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

const none = 9_223_372_036_854_771_712n

/** Kills and limit as a gateway sees them whose cgroups lie in a fresh directory, `TOP` in the table of mounts. */
async function seen(
  t: Cleanup,
  files: Readonly<Record<string, string>>,
  membership: string,
  ...mounts: readonly string[]
): Promise<readonly (number | null)[]> {
  const top = await freshDirectory(t, { files })
  const group = memoryGroup({ membership, mounts: mounts.join('\n').replaceAll('TOP', top) })
  return [oomKills(group), memoryLimit(group)]
}

function events(kills: number): string {
  return `low 0\nmax 7\noom 3\noom_kill ${kills}\noom_group_kill 0\n`
}

function second(root: string, place: string): string {
  return `35 24 0:30 ${root} ${place} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate`
}

function first(root: string, place: string, controllers = 'memory'): string {
  return `36 24 0:31 ${root} ${place} ro,nosuid - cgroup cgroup rw,${controllers}`
}

describe('the memory cgroup of the gateway', () => {
  it('is one below the root of the second version, and every limit above it counts', async (t) => {
    const files = {
      'a/memory.max': '3000\n',
      'a/b/memory.max': 'max\n',
      'a/b/memory.events': events(2),
      'a/memory.events': events(9),
    }
    assert.deepEqual(await seen(t, files, '0::/a/b\n', second('/', 'TOP')), [2, 3000])
  })

  it('is the next one above that has the controller', async (t) => {
    const files = { 'a/memory.events': events(3), 'a/memory.max': '9\n', 'a/b/c/cgroup.procs': '' }
    assert.deepEqual(await seen(t, files, '0::/a/b/c\n', second('/', 'TOP')), [3, 9])
  })

  it('is the root of the mount in a container with a namespace', async (t) => {
    const files = { 'memory.events': events(4), 'memory.max': '500\n' }
    assert.deepEqual(await seen(t, files, '0::/\n', second('/', 'TOP')), [4, 500])
  })

  it('is found by the part of the path that is mounted, in a container without one', async (t) => {
    const files = {
      'inner/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n',
      'inner/memory.stat': 'cache 1\nhierarchical_memory_limit 4096\n',
      'memory.oom_control': 'oom_kill 0\n',
    }
    const membership = '5:cpu,cpuacct:/docker/x\n4:memory:/docker/x/inner\n0::/\n'
    const mounts = [second('/', '/nowhere'), first('/docker/x', 'TOP')]
    assert.deepEqual(await seen(t, files, membership, ...mounts), [5, 4096])
  })

  it('may share its mount with others, and have a blank in its path', async (t) => {
    const files = {
      'my group/memory.oom_control': 'oom_kill 1\n',
      'my group/memory.stat': `hierarchical_memory_limit ${none}\n`,
    }
    const mount = first('/', 'TOP', 'cpu,memory')
    assert.deepEqual(await seen(t, files, '4:cpu,memory:/my group\n', mount), [1, null])
  })

  it('is nobody’s guess where other groups are mounted, or none', async (t) => {
    const files = { 'memory.events': events(6), 'memory.max': '1\n' }
    const elsewhere = '0::/../../kubepods/x\n'
    assert.deepEqual(await seen(t, files, elsewhere, second('/', 'TOP')), [null, null])
    const mounts = [second('/', 'TOP/away'), second('/x', 'TOP')]
    assert.deepEqual(await seen(t, files, '0::/x\n', ...mounts), [6, 1], 'what hides another one counts')
    assert.equal(memoryGroup({ membership: null, mounts: null }), null)
  })
})
