import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'

import { jsonEndpoint } from '../../../../internal/admin/endpoint.ts'
import { openAdmin, openAt, type SocketPlaces } from '../../../../internal/app/operators/places.ts'
import type { AdminConfig } from '../../../../internal/config/config.ts'
import { StartupError } from '../../../../internal/fault/startup.ts'
import { openRuntimeDir } from '../../../../internal/worker/runtime-dir.ts'
import { isProblem } from '../../../../internal/worker/problem.ts'
import { ask } from '../../../fixtures/admin/ask.ts'
import { listLogger } from '../../../fixtures/admin/target.ts'
import type { Cleanup } from '../../../support/cleanup.ts'
import { freshDirectory } from '../../../support/directory.ts'
import { rawServer } from '../../../support/raw.ts'

async function places(t: Cleanup, stateDir?: string | null): Promise<SocketPlaces> {
  const directory = await freshDirectory(t)
  const runtime = openRuntimeDir({ instanceKey: directory, env: {}, candidates: [join(directory, 'run')] })
  if (isProblem(runtime)) throw new Error(runtime.message)
  t.after(() => runtime.close())
  return { stateDir: stateDir === undefined ? join(directory, 'state') : stateDir, runtime }
}

/** An address that is taken, as nobody or somebody wrote it. */
async function taken(t: Cleanup, where: string): Promise<AdminConfig> {
  const { address } = await rawServer(t)
  if (address.kind !== 'tcp') throw new Error('not TCP')
  return { listen: { host: address.host, port: address.port }, where, password: null, allow: [] }
}

function parts(log: string[] = []): Parameters<typeof openAdmin>[2] {
  return {
    endpoints: { '/status': jsonEndpoint(() => 'here') },
    rules: () => ({ admits: () => false, isWorker: () => false, names: null, password: null }),
    logger: listLogger(log),
  }
}

async function opened(
  t: Cleanup,
  config: AdminConfig,
  where: SocketPlaces,
  log: string[] = [],
): Promise<string | null> {
  const server = await openAdmin(config, where, parts(log))
  if (server !== null) t.after(() => server.close())
  return server === null ? null : server.url.replace('unix:', '')
}

test('when the usual port is taken a socket of this account alone takes its place, and that is said', async (t) => {
  const log: string[] = []
  const where = await places(t)
  const path = await opened(t, await taken(t, 'default'), where, log)
  assert.equal(path, join(where.stateDir ?? '', 'admin.sock'))
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal((await ask(path, 'GET', '/status')).body, 'here')
  assert.equal(log.length, 1)
  assert.match(log[0] ?? '', /^warn status and metrics are on a socket instead of 127\.0\.0\.1:\d+$/)
})

test('a socket that a killed gateway left behind is replaced, one that answers is left alone', async (t) => {
  const where = await places(t)
  const first = await opened(t, await taken(t, 'default'), where)
  const second = await opened(t, await taken(t, 'default'), where)
  assert.notEqual(second, first)
  assert.equal((await ask(first ?? '', 'GET', '/status')).body, 'here')
  assert.equal((await ask(second ?? '', 'GET', '/status')).body, 'here')
  const directory = await freshDirectory(t)
  writeFileSync(join(directory, 'admin.sock'), '')
  const third = await opened(t, await taken(t, 'default'), { ...where, stateDir: directory })
  assert.equal(third, join(directory, 'admin.sock'))
})

test('without a state directory, or with one whose path is too long, the socket is with the other ones', async (t) => {
  for (const stateDir of [null, `/tmp/${'x'.repeat(120)}`]) {
    const where = await places(t, stateDir)
    const path = await opened(t, await taken(t, 'default'), where)
    assert.equal(path, join(where.runtime.path, 'admin.sock'))
  }
})

test('an address somebody wrote ends the start with status 1 and the key that names it', async (t) => {
  const config = await taken(t, 'fluxlit.toml:3')
  await assert.rejects(opened(t, config, await places(t)), (error) => {
    assert(error instanceof StartupError)
    assert.equal(error.exitCode, 1)
    const [problem] = error.problems
    assert.deepEqual([problem?.code, problem?.where], ['port_taken', 'fluxlit.toml:3'])
    assert.match(problem?.hint ?? '', /admin\.listen/)
    return true
  })
  await assert.rejects(openAt({ host: '192.0.2.1', port: 1 }, 'metrics.listen', 'x:1', parts()), (error) => {
    assert(error instanceof StartupError)
    assert.match(error.problems[0]?.hint ?? '', /set metrics\.listen to/)
    return true
  })
})

test('no address is none', async (t) => {
  const config: AdminConfig = { listen: null, where: 'default', password: null, allow: [] }
  assert.equal(await openAdmin(config, await places(t), parts()), null)
})

test('an address that is free is taken as it is', async (t) => {
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const address = free.address()
  await new Promise((resolve) => free.close(resolve))
  assert(address !== null && typeof address !== 'string')
  const config = {
    listen: { host: '127.0.0.1', port: address.port },
    where: 'default',
    password: null,
    allow: [],
  }
  assert.equal(await opened(t, config, await places(t)), `http://127.0.0.1:${address.port}`)
})
