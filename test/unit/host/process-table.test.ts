import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import {
  childIds,
  commandLine,
  isRunning,
  pidNamespace,
  processIds,
  processStat,
  startVariable,
} from '../../../internal/host/process-table.ts'
import { freshDirectory } from '../../support/directory.ts'
import { startProgram } from '../../support/program.ts'

const onLinux = { skip: existsSync('/proc/self/stat') ? false : 'there is no /proc' }
const waiting = 'echo ready; read line'

test('a process is described by its parent, its group and its state', onLinux, async (t) => {
  const child = startProgram(t, ['/bin/sh', '-c', waiting], { detached: true })
  await child.line()
  const stat = processStat(child.pid)
  assert.partialDeepStrictEqual(stat, { pid: child.pid, parent: process.pid, group: child.pid })
  assert.ok((stat?.start ?? 0n) >= (processStat(process.pid)?.start ?? 0n))
  assert.equal(isRunning(child.pid), true)
  assert.ok(processIds().includes(child.pid))
  assert.ok(childIds().includes(child.pid))
  assert.equal(pidNamespace(child.pid), pidNamespace(process.pid))
})

test('a command whose name looks like the fields behind it confuses nobody', onLinux, async (t) => {
  const link = join(await freshDirectory(t), 'a) Z 1 1')
  await symlink('/bin/sh', link)
  const child = startProgram(t, [link, '-c', waiting])
  await child.line()
  assert.partialDeepStrictEqual(processStat(child.pid), { parent: process.pid })
  assert.equal(isRunning(child.pid), true)
})

test('a command line is one line', onLinux, async (t) => {
  const child = startProgram(t, ['/bin/sh', '-c', waiting, 'two\nlines', '\u001b[31m'])
  await child.line()
  assert.equal(commandLine(child.pid), `/bin/sh -c ${waiting} two lines [31m`)
})

test('a variable is found in full and by its whole name', onLinux, async (t) => {
  const child = startProgram(t, ['/bin/sh', '-c', waiting], {
    env: { OTHER_MARK: 'x', MARK: 'a=b', EMPTY: '' },
  })
  await child.line()
  assert.equal(startVariable(child.pid, 'MARK'), 'a=b')
  assert.equal(startVariable(child.pid, 'EMPTY'), '')
  assert.equal(startVariable(child.pid, 'ARK'), null)
})

test('a process that has ended is not there', async (t) => {
  const child = startProgram(t, ['/bin/sh', '-c', 'exit 0'])
  await child.exited
  assert.equal(processStat(child.pid), null)
  assert.equal(isRunning(child.pid), false)
  assert.equal(commandLine(child.pid), '')
  assert.equal(startVariable(child.pid, 'PATH'), null)
  assert.equal(pidNamespace(child.pid), null)
})
