import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { SupervisedWorker } from '../../internal/worker/types.ts'
import { uvicorn } from '../fixtures/worker/configs.ts'
import type { TestRoom } from '../fixtures/worker/room.ts'
import { apps, failure, get, isAlive, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'

/** Resolves when so many processes can be asked. */
function answering(set: SupervisedWorker, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (set.addresses.length === count) resolve()
  }
  set.onChange(look)
  look()
  return promise
}

async function pids(set: SupervisedWorker): Promise<readonly number[]> {
  const answers = await Promise.all(set.addresses.map((address) => get(address, '/')))
  return answers.map(({ body }) => Number(/"pid":(\d+)/.exec(body)?.[1]))
}

async function twoReplicas(
  t: TestContext,
): Promise<{ readonly api: SupervisedWorker; readonly room: TestRoom }> {
  const room = await testRoom(t, { probationMs: 100 })
  const api = worker(t, uvicorn(apps, { replicas: 2 }), room)
  await startedReady(api)
  await answering(api, 2)
  return { api, room }
}

describe('a FastAPI app with two replicas', () => {
  it('is two processes with names of their own', async (t) => {
    const { api, room } = await twoReplicas(t)
    assert.equal(new Set(await pids(api)).size, 2)
    assert.deepEqual(
      api.replicas.map(({ name }) => name),
      ['api.1', 'api.2'],
    )
    const ready = room.logger.lines.filter(({ message }) => message === 'worker ready')
    assert.deepEqual(
      ready.map(({ fields }) => fields['worker']),
      ['api.1', 'api.2'],
    )
  })

  it('goes on with one while the other is killed and comes back', async (t) => {
    const { api } = await twoReplicas(t)
    const [first = 0, second = 0] = await pids(api)
    const one = answering(api, 1)
    process.kill(first, 'SIGKILL')
    await one
    assert.equal(api.state.kind, 'ready')
    assert.deepEqual(await pids(api), [second])
    await answering(api, 2)
    assert.equal((await pids(api)).includes(first), false)
    assert.deepEqual(api.restarts, { crash: 1 })
    assert.match(api.deaths[0]?.cause ?? '', /worker api\.1 ended: killed by SIGKILL \(not by the gateway/)
  })

  it('is replaced without a moment in which nobody answers', async (t) => {
    const { api } = await twoReplicas(t)
    const before = await pids(api)
    let fewest = 2
    api.onChange(() => {
      fewest = Math.min(fewest, api.addresses.length)
    })
    assert.equal((await api.replace({ reason: 'restart' })).ok, true)
    assert.equal(fewest, 2)
    const after = await pids(api)
    assert.equal(after.length, 2)
    assert.deepEqual(before.filter(isAlive), [])
    assert.equal(
      after.some((pid) => before.includes(pid)),
      false,
    )
  })

  it('does what is to be done before a start once for both', async (t) => {
    const room = await testRoom(t, { probationMs: 100 })
    const api = worker(t, uvicorn(apps, { replicas: 2, beforeStart: ['echo migrated'] }), room)
    const migrations = (): number => room.logger.lines.filter(({ message }) => message === 'migrated').length
    await startedReady(api)
    await answering(api, 2)
    assert.equal(migrations(), 1)
    await api.replace({ reason: 'restart' })
    assert.equal(migrations(), 2)
  })

  it('that cannot start says so once', async (t) => {
    const room = await testRoom(t)
    const api = worker(t, uvicorn(apps, { replicas: 2, app: 'broken_import:app' }), room)
    const { reason } = await failure(api)
    assert.equal(reason.code, 'app_import_failed')
    assert.equal(room.logger.lines.filter(({ message }) => message === 'worker failed').length, 1)
  })

  it('leaves nothing behind when it is closed', async (t) => {
    const { api } = await twoReplicas(t)
    const running = await pids(api)
    await api.close()
    assert.deepEqual(running.filter(isAlive), [])
    assert.equal(api.state.kind, 'stopped')
  })
})
