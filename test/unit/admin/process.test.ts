import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
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
  // The shell becomes `sleep`, which does not know that it has a child and never asks for it. The child waits until
  // then: a shell would still take its exit status.
  const parent = spawn('sh', ['-c', '(read x <&3) & echo $!; exec sleep 60 3<&-'], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  t.after(() => void parent.kill('SIGKILL'))
  const [line] = await once(parent.stdout?.setEncoding('utf8') ?? assert.fail(), 'data')
  const pid = Number(line)
  const name = (): string => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim()
  await eventually('the shell has become `sleep`', () => name() === 'sleep')
  const gate = parent.stdio[3]
  if (gate instanceof Socket) gate.destroy()
  await eventually('the zombie counts as gone', () => !isRunning(pid))
  assert.equal(process.kill(pid, 0), true)
})
