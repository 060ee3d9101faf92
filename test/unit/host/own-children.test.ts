import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

import { OwnChildren } from '../../../internal/host/own-children.ts'

test('a child is ours from its start until its exit status was taken', async (t) => {
  const children = new OwnChildren()
  t.after(() => children.close())
  const child = spawn('/bin/sh', ['-c', 'read line'], { stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  assert.equal(children.has(pid), true)
  child.stdin?.end()
  await once(child, 'exit')
  assert.equal(children.has(pid), false)
  assert.equal(children.has(process.pid), false)
})

test('children started in any other way are ours, too', (t) => {
  const children = new OwnChildren()
  t.after(() => children.close())
  const child = execFile('/bin/sh', ['-c', 'read line'])
  t.after(() => child.kill('SIGKILL'))
  assert.equal(children.has(child.pid ?? 0), true)
})

test('a program that could not be started still tells its owner', async (t) => {
  const children = new OwnChildren()
  t.after(() => children.close())
  const child = spawn('/nonexistent/program')
  const [error] = await once(child, 'error')
  assert.ok(error instanceof Error)
  assert.equal(children.has(child.pid ?? 0), false)
})

test('after closing nothing is known', (t) => {
  const children = new OwnChildren()
  children.close()
  children.close()
  const child = spawn('/bin/sh', ['-c', 'read line'])
  t.after(() => child.kill('SIGKILL'))
  assert.equal(children.has(child.pid ?? 0), false)
})
