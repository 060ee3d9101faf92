import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'

import { uvicorn } from '../fixtures/worker/configs.ts'
import {
  apps,
  environmentOf,
  get,
  isAlive,
  reached,
  startedReady,
  testRoom,
  worker,
} from '../fixtures/worker/room.ts'
import { eventually } from '../support/eventually.ts'

describe('a FastAPI app under Uvicorn', () => {
  it('answers over a Unix socket in a directory nobody else may enter', async (t) => {
    const state = await startedReady(worker(t, uvicorn(apps), await testRoom(t)))
    assert.equal(state.address?.kind, 'unix')
    const path = state.address.path
    const answer = await get(state.address, '/')
    assert.equal(answer.status, 200)
    assert.equal((await stat(path)).isSocket(), true)
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700)
  })

  it('answers over TCP on the loopback interface', async (t) => {
    const state = await startedReady(worker(t, uvicorn(apps, { transport: 'tcp' }), await testRoom(t)))
    assert.equal(state.address?.kind, 'tcp')
    assert.equal(state.address.host, '127.0.0.1')
    assert.equal((await get(state.address, '/')).status, 200)
  })

  it('knows its public prefix, runs in its directory and imports from there', async (t) => {
    const room = await testRoom(t, { rootPath: '/tools' })
    const { address } = await startedReady(worker(t, uvicorn(apps), room))
    const answer: unknown = JSON.parse((await get(address, '/')).body)
    assert.ok(typeof answer === 'object' && answer !== null && 'root_path' in answer && 'cwd' in answer)
    assert.equal(answer.root_path, '/tools/api')
    assert.equal(answer.cwd, apps)
  })

  it('may be made by a factory', async (t) => {
    const config = uvicorn(apps, { app: 'main:create_app', factory: true })
    const { address } = await startedReady(worker(t, config, await testRoom(t)))
    assert.equal((await get(address, '/openapi.json')).status, 200)
  })

  it('sees no secret of the gateway, but its own variables and ours', async (t) => {
    const env = {
      PATH: process.env['PATH'],
      FLUXLIT_AUTH_COOKIE_SECRET: 'do not tell',
      NOTIFY_SOCKET: '/run/systemd/notify',
      WEB_CONCURRENCY: '4',
      PLAIN: 'passed on',
    }
    const room = await testRoom(t)
    const { VIRTUAL_ENV } = room.room.env
    const inside = { ...room, room: { ...room.room, env: { ...env, VIRTUAL_ENV } } }
    const { pid } = await startedReady(worker(t, uvicorn(apps, { env: { OWN: 'mine' } }), inside))
    const seen = await environmentOf(pid ?? 0)
    const ours = ['FLUXLIT_API_PREFIX', 'FLUXLIT_INSTANCE', 'FLUXLIT_INTERNAL_API_BASE']
    assert.deepEqual([...seen.keys()].filter((name) => name.startsWith('FLUXLIT_')).toSorted(), ours)
    assert.equal([...seen.values()].includes('do not tell'), false)
    assert.equal(seen.get('NOTIFY_SOCKET'), undefined)
    assert.equal(seen.get('WEB_CONCURRENCY'), undefined)
    assert.equal(seen.get('PLAIN'), 'passed on')
    assert.equal(seen.get('OWN'), 'mine')
  })

  it('is started again after a crash, on a new socket', async (t) => {
    const api = worker(t, uvicorn(apps), await testRoom(t))
    const first = await startedReady(api)
    const backingOff = reached(api, 'backing-off')
    await assert.rejects(get(first.address, '/crash'))
    const { last } = await backingOff
    assert.match(last.message, /exit status 7/)
    const second = await reached(api, 'ready')
    assert.equal(second.generation, 2)
    assert.notEqual(second.pid, first.pid)
    assert.equal((await get(second.address, '/')).status, 200)
  })

  it('leaves neither process nor grandchild nor socket behind when it is closed', async (t) => {
    const api = worker(t, uvicorn(apps), await testRoom(t))
    const { pid, address } = await startedReady(api)
    const grandchild = Number(/\d+/.exec((await get(address, '/grandchild')).body)?.[0])
    assert.equal(isAlive(grandchild), true)
    await api.close()
    assert.equal(api.state.kind, 'stopped')
    assert.equal(isAlive(pid ?? 0), false)
    assert.equal(isAlive(grandchild), false)
    assert.ok(address?.kind === 'unix')
    await assert.rejects(stat(address.path))
  })

  it('takes its grandchildren along when it crashes', async (t) => {
    const api = worker(t, uvicorn(apps), await testRoom(t))
    const { address } = await startedReady(api)
    const grandchild = Number(/\d+/.exec((await get(address, '/grandchild')).body)?.[0])
    const down = reached(api, 'backing-off')
    await assert.rejects(get(address, '/crash'))
    await down
    await eventually('the grandchild is gone', () => !isAlive(grandchild))
  })

  it('has a traceback of its own logged as one event', async (t) => {
    const room = await testRoom(t)
    const { address } = await startedReady(worker(t, uvicorn(apps), room))
    assert.equal((await get(address, '/shout')).status, 500)
    const line = await eventually('the traceback in the log', () =>
      room.logger.lines.find(({ message }) => message.endsWith('ValueError: loud')),
    )
    assert.match(line.message, /^Traceback \(most recent call last\):\n/)
    assert.equal(line.fields['worker'], 'api')
  })

  it('is closed while its interpreter is still being looked at', async (t) => {
    const api = worker(t, uvicorn(apps), await testRoom(t))
    api.start()
    await api.close()
    assert.equal(api.state.kind, 'stopped')
    assert.equal(api.everReady, false)
  })
})
