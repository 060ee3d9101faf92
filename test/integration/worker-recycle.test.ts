import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { SupervisedWorker } from '../../internal/worker/types.ts'
import { uvicorn } from '../fixtures/worker/configs.ts'
import { apps, get, isAlive, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'
import { eventually } from '../support/eventually.ts'

/** Resolves when this generation serves. */
async function serving(api: SupervisedWorker, generation: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  api.onChange((state) => {
    if (state.kind === 'ready' && state.generation === generation) resolve()
  })
  await promise
}

async function growing(
  t: TestContext,
  limits: { readonly maxMemoryBytes?: number; readonly maxAgeMs?: number },
): Promise<SupervisedWorker> {
  const room = await testRoom(t, { probationMs: 100 })
  return worker(t, uvicorn(apps, { app: 'grows:app', ...limits }), room)
}

describe('a FastAPI app', () => {
  it('that uses more than max_memory is replaced by a new process', async (t) => {
    const api = await growing(t, { maxMemoryBytes: 200 * 2 ** 20 })
    const { address, pid } = await startedReady(api)
    const usage = await eventually('its memory is known', () => api.usage ?? undefined)
    assert.ok(usage.memoryBytes > 10 * 2 ** 20 && usage.memoryBytes < 200 * 2 ** 20, `${usage.memoryBytes}`)
    const next = serving(api, 2)
    assert.equal((await get(address, '/grow')).status, 200)
    await next
    await eventually('the old process is gone', () => !isAlive(pid ?? 0))
    assert.deepEqual(api.restarts, { memory: 1 })
    assert.ok((api.usage?.cpuSeconds ?? 0) > usage.cpuSeconds, 'the time of the old process counts on')
  })

  it('that is older than max_age is replaced by a new process', async (t) => {
    const api = await growing(t, { maxAgeMs: 1000 })
    const next = serving(api, 2)
    await startedReady(api)
    await next
    assert.equal(api.restarts['age'], 1)
  })
})
