import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { SupervisedWorker, WorkerState } from '../../internal/worker/types.ts'
import { uvicorn } from '../fixtures/worker/configs.ts'
import type { TestRoom } from '../fixtures/worker/room.ts'
import { apps, get, isAlive, reached, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'

interface Hanging {
  readonly api: SupervisedWorker
  readonly room: TestRoom
}

/** An app whose hanging is noticed soon, though not on a busy machine that is merely slow. */
async function hangingApp(t: TestContext): Promise<Hanging> {
  const config = uvicorn(apps, { app: 'hangs:app' })
  const ready = { ...config.ready, probeIntervalMs: 50, probeTimeoutMs: 400 }
  const room = await testRoom(t)
  return { api: worker(t, { ...config, ready }, room), room }
}

/** Resolves with the next `ready`. */
function readyAgain(api: SupervisedWorker): Promise<Extract<WorkerState, { kind: 'ready' }>> {
  const { promise, resolve } = Promise.withResolvers<Extract<WorkerState, { kind: 'ready' }>>()
  api.onChange((state) => {
    if (state.kind === 'ready') resolve(state)
  })
  return promise
}

describe('a FastAPI app that hangs', () => {
  it('in an async route is ended and started again, and the line it was in is told', async (t) => {
    const { api, room } = await hangingApp(t)
    const { address, pid } = await startedReady(api)
    const broken = assert.rejects(get(address, '/stuck'))
    const { last } = await reached(api, 'backing-off')
    await broken
    assert.equal(last.code, 'worker_hung')
    assert.equal(last.message, 'api was stuck at hangs.py:16 in compute_report')
    const told = room.logger.lines.filter(({ message }) => /hangs\.py/.test(message))
    assert.deepEqual(
      told.map(({ level, message }) => [level, message]),
      [['error', 'worker hangs: api was stuck at hangs.py:16 in compute_report']],
    )
    assert.match(String(told[0]?.fields['stack']), /hangs\.py", line 21 in stuck\n/)
    assert.equal(isAlive(pid ?? 0), false)
    const next = await reached(api, 'ready')
    assert.equal((await get(next.address, '/')).status, 200)
    assert.deepEqual(api.restarts, { hang: 1 })
  })

  it('only because all its threads are taken is left alone, and answers again when they are free', async (t) => {
    const { api } = await hangingApp(t)
    const { address, generation } = await startedReady(api)
    // More than Starlette's forty threads; each waits for the last one.
    const answers = Array.from({ length: 41 }, () => get(address, '/wait'))
    const { reason } = await reached(api, 'unhealthy')
    assert.match(reason, /no answer within/)
    const again = readyAgain(api)
    assert.equal((await get(address, '/free')).status, 200)
    assert.equal((await again).generation, generation)
    assert.deepEqual(new Set((await Promise.all(answers)).map(({ status }) => status)), new Set([200]))
    assert.deepEqual(api.restarts, {})
  })

  it('because it was stopped is killed and started again', async (t) => {
    const { api } = await hangingApp(t)
    const { pid } = await startedReady(api)
    process.kill(pid ?? 0, 'SIGSTOP')
    const { last } = await reached(api, 'backing-off')
    assert.equal(last.message, 'api did not answer, nor say where it was')
    assert.equal((await reached(api, 'ready')).generation, 2)
  })
})
