import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'

import { http, process as processWorker, uvicorn } from '../fixtures/worker/configs.ts'
import { apps, get, isAlive, reached, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { python, repository } from '../support/python.ts'

const stubborn = [python(), 'stubborn.py', '{port}'] as const

describe('a worker that ignores SIGTERM', () => {
  it('is killed with its group after the grace', async (t) => {
    const room = await testRoom(t)
    const web = worker(t, http(apps, stubborn, { stopGraceMs: 200 }), room)
    const { address } = await startedReady(web)
    const pids = (await get(address, '/')).body.split(' ').map(Number)
    assert.equal(pids.length, 2)
    await web.close()
    assert.deepEqual(pids.filter(isAlive), [])
    assert.equal(web.state.kind, 'stopped')
    assert.ok(
      room.logger.lines.some(({ message }) => message === 'worker did not stop in time and was killed'),
    )
  })

  it('is gone at once when it is destroyed', async (t) => {
    const web = worker(t, http(apps, stubborn, { stopGraceMs: 600_000 }), await testRoom(t))
    const { address } = await startedReady(web)
    const pids = (await get(address, '/')).body.split(' ').map(Number)
    web.destroy()
    await reached(web, 'stopped')
    await eventually('the group is gone', () => !pids.some(isAlive))
  })
})

describe('a process without a mount', () => {
  it('is ready when it runs and gone when it is closed', async (t) => {
    const queue = worker(t, processWorker(apps, ['sleep', '600']), await testRoom(t))
    const { pid, address } = await startedReady(queue)
    assert.equal(address, null)
    assert.equal(isAlive(pid ?? 0), true)
    await queue.close()
    assert.equal(isAlive(pid ?? 0), false)
  })

  it('that ends too often has failed, and ends the gateway only if it is told to', async (t) => {
    for (const onFailure of ['keep', 'exit'] as const) {
      const queue = worker(t, processWorker(apps, ['false'], { onFailure }), await testRoom(t))
      queue.start()
      const state = await reached(queue, 'failed')
      assert.equal(state.reason.code, 'worker_crash_loop')
      assert.equal(state.generation, 5)
      assert.equal(state.retrying, onFailure === 'keep')
      assert.equal(queue.everReady, true)
    }
  })
})

describe('when the gateway is killed', () => {
  for (const kind of ['uvicorn', 'command'] as const) {
    it(`nothing of a ${kind} worker is left`, async (t) => {
      // What it leaves behind because it is killed goes with this directory.
      const TMPDIR = await freshDirectory(t)
      const config = kind === 'uvicorn' ? uvicorn(apps) : http(apps, stubborn)
      const parent = spawn(
        process.execPath,
        ['--import', 'tsx', join(repository, 'test/fixtures/worker/gateway.ts'), JSON.stringify(config)],
        { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR } },
      )
      const [line] = await once(createInterface({ input: parent.stdout }), 'line')
      const pids = String(line).split(' ').map(Number)
      assert.equal(pids.filter(isAlive).length, 2, 'leader and grandchild run')
      parent.kill('SIGKILL')
      await eventually('leader and grandchild are gone', () => !pids.some(isAlive))
    })
  }
})
