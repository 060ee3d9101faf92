import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

import { isRunning } from '../../../internal/admin/process.ts'
import { eventually } from '../../support/eventually.ts'

test('a process runs until it has ended', async () => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const pid = child.pid ?? assert.fail()
  assert.equal(isRunning(pid), true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(isRunning(pid), false)
})

test('a zombie does not run', async (t) => {
  // The shell becomes `sleep`, which does not know that it has a child and never asks for it.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'])
  t.after(() => void parent.kill('SIGKILL'))
  const [line] = await once(parent.stdout.setEncoding('utf8'), 'data')
  const pid = Number(line)
  await eventually('the zombie counts as gone', () => !isRunning(pid))
  assert.equal(process.kill(pid, 0), true)
})
