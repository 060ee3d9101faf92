import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

import { openLibc } from '../../internal/host/libc.ts'
import { startProgram } from '../support/program.ts'
import { repository } from '../support/python.ts'

const fixture: readonly [string, ...string[]] = [
  process.execPath,
  join(repository, 'test', 'fixtures', 'host', 'reaping.ts'),
]
const inNamespace = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc'] as const
const cannot = openLibc().isAvailable ? false : 'orphans do not come to us here'
const noNamespace =
  spawnSync(inNamespace[0], [...inNamespace.slice(1), 'true']).status === 0
    ? false
    : 'this account may not make a namespace'

test(
  '46: orphans are reaped one by one, and no exit status of a child of our own is lost',
  { skip: cannot },
  async (t) => {
    const told = await outcome(startProgram(t, fixture).line())
    assert.deepEqual(told['orphans'], gone)
    assert.deepEqual(told['codes'], sevens)
  },
)

test('without the reaper they stay as zombies', { skip: cannot }, async (t) => {
  const told = await outcome(startProgram(t, [...fixture, 'without']).line())
  assert.deepEqual(told['orphans'], ['Z', 'Z', 'Z', 'Z', 'Z'])
})

test('the same as PID 1 of a container', { skip: cannot || noNamespace }, async (t) => {
  const told = await outcome(startProgram(t, [...inNamespace, ...fixture]).line())
  assert.equal(told['pid'], 1)
  assert.deepEqual(told['orphans'], gone)
  assert.deepEqual(told['codes'], sevens)
})

const gone = ['gone', 'gone', 'gone', 'gone', 'gone']
const sevens = Array.from({ length: 20 }, () => 7)

async function outcome(line: Promise<string>): Promise<Record<string, unknown>> {
  return JSON.parse(await line)
}
