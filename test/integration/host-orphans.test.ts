import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { belongingTo, endMarked, findMarked, leftBehind } from '../../internal/host/orphans.ts'
import { isRunning } from '../../internal/host/process-table.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { startProgram } from '../support/program.ts'
import { python } from '../support/python.ts'

test('a process that left its group and lost its parent is found by its mark and ended', async (t) => {
  const mark = `${randomHash()}.${process.pid}`
  const pid = await escapee(t, mark)
  const other = await escapee(t, `${randomHash()}.${process.pid}`)
  assert.deepEqual(
    findMarked(belongingTo(mark)).map((found) => found.pid),
    [pid],
  )
  const { ended, survivors } = await endMarked(belongingTo(mark))
  assert.deepEqual(
    ended.map((found) => found.command),
    ['sleep 100000'],
  )
  assert.deepEqual(survivors, [])
  assert.equal(isRunning(pid), false)
  assert.equal(isRunning(other), true)
})

test('what a killed gateway left behind is found at the next start, also under the same process id', async (t) => {
  const hash = randomHash()
  const gateway = startProgram(t, ['/bin/sh', '-c', 'read line'])
  const [ofLiving, ofUs] = [
    await escapee(t, `${hash}.${gateway.pid}`),
    await escapee(t, `${hash}.${process.pid}`),
  ]
  assert.deepEqual(
    findMarked(leftBehind(hash)).map((found) => found.pid),
    [ofUs],
  )
  gateway.process.kill('SIGKILL')
  await gateway.exited
  const { ended } = await endMarked(leftBehind(hash))
  assert.deepEqual(ended.map((found) => found.pid).toSorted(byNumber), [ofLiving, ofUs].toSorted(byNumber))
})

test('a number that was given to a younger process since does not keep the mark alive', () => {
  const hash = randomHash()
  const younger = { pid: 1, command: '', start: 0n, mark: `${hash}.${process.ppid}` }
  assert.equal(leftBehind(hash)(younger), true)
  assert.equal(leftBehind(hash)({ ...younger, start: 2n ** 62n }), false)
  assert.equal(leftBehind('another')(younger), false)
  assert.equal(leftBehind(hash)({ ...younger, mark: `${hash}.x` }), false)
})

test('one that replaces itself all the time is caught', async (t) => {
  const mark = `${randomHash()}.${process.pid}`
  const program = [
    'import os, time',
    'if os.fork(): os._exit(0)',
    'os.setsid()',
    'print("running", flush=True)',
    'while True:',
    '  time.sleep(0.02)',
    '  if os.fork(): os._exit(0)',
  ].join('\n')
  const hopper = startProgram(t, [python(), '-c', program], { env: { FLUXLIT_INSTANCE: mark } })
  assert.equal(await hopper.line(), 'running')
  const { ended, survivors } = await endMarked(belongingTo(mark))
  assert.notEqual(ended.length, 0)
  assert.deepEqual(survivors, [])
  assert.deepEqual(findMarked(belongingTo(mark)), [])
})

test('nobody ends the shell he was started from', async (t) => {
  const mark = `${randomHash()}.1`
  const module = new URL('../../internal/host/orphans.ts', import.meta.url).href
  const code = `import(${JSON.stringify(module)}).then(async ({ endMarked, belongingTo }) => {
    const { ended } = await endMarked(belongingTo('${mark}'))
    console.log(ended.length)
  })`
  const shell = startProgram(t, ['/bin/sh', '-c', '"$0" -e "$1"; echo still here', process.execPath, code], {
    env: { ...process.env, FLUXLIT_INSTANCE: mark },
  })
  assert.equal(await shell.line(), '0')
  assert.equal(await shell.line(), 'still here')
})

function randomHash(): string {
  return randomBytes(6).toString('hex')
}

// A daemon: another session, no parent. Its id is told by the shell that started it and ended.
async function escapee(t: Cleanup, mark: string): Promise<number> {
  const code = 'setsid sh -c "echo \\$\\$; exec sleep 100000" &'
  const env = { PATH: process.env['PATH'], FLUXLIT_INSTANCE: mark }
  const shell = startProgram(t, ['/bin/sh', '-c', code], { env })
  const pid = Number(await shell.line())
  t.after(() => {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  await shell.exited
  return pid
}

function byNumber(a: number, b: number): number {
  return a - b
}
