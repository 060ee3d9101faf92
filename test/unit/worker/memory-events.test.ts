import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { oomKills } from '../../../internal/worker/memory-events.ts'
import { freshDirectory } from '../../support/directory.ts'

const events = 'low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n'

describe('how many processes the kernel has killed for lack of memory', () => {
  it('is read from the cgroup of the gateway', async (t) => {
    const root = await freshDirectory(t, { files: { 'a/b/memory.events': events } })
    assert.equal(oomKills(root, '0::/a/b\n'), 2)
  })

  it('is read from the root of what is mounted when the path is that of the host', async (t) => {
    const root = await freshDirectory(t, { files: { 'memory.events': events } })
    assert.equal(oomKills(root, '0::/../../kubepods/x\n'), 2)
  })

  it('is read from the first version of cgroups', async (t) => {
    const files = { 'memory/docker/x/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n' }
    const root = await freshDirectory(t, { files })
    assert.equal(oomKills(root, '5:cpuacct,cpu:/docker/x\n4:memory:/docker/x\n0::/\n'), 5)
  })

  it('is not known where there is nothing to read', async (t) => {
    assert.equal(oomKills(await freshDirectory(t), '0::/\n'), null)
    assert.equal(oomKills('/nowhere', null), null)
  })
})
