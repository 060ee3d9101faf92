import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import { preflight } from '../../internal/worker/preflight.ts'
import { http, uvicorn } from '../fixtures/worker/configs.ts'
import { environmentOf, get, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'
import { freshDirectory } from '../support/directory.ts'
import { python } from '../support/python.ts'

const app = `
import os
from fastapi import FastAPI
app = FastAPI()

@app.get("/")
def root():
    return [os.getuid(), os.getgid(), os.getgroups()]
`

const server = `
require('node:http')
  .createServer((_, response) => response.end(JSON.stringify([process.getuid(), process.getgid(), process.getgroups()])))
  .listen(process.argv[1])
`

const skip = process.getuid?.() !== 0 && 'needs root'

/** A directory with the app that every account may read. */
async function openDirectory(t: TestContext): Promise<string> {
  const directory = await freshDirectory(t)
  await chmod(directory, 0o755)
  await mkdir(join(directory, 'app'))
  await writeFile(join(directory, 'app', 'main.py'), app)
  return join(directory, 'app')
}

/** Whether an account can run a program. */
function canRun(uid: number, program: string): boolean {
  return spawnSync(program, ['--version'], { uid, gid: uid }).status === 0
}

/** Whether an account can open a file. */
function canRead(uid: number, path: string): boolean {
  return spawnSync('cat', [path], { uid, gid: uid }).status === 0
}

/** Whether an account can connect to a socket. */
function canConnect(uid: number, path: string): boolean {
  const script =
    'require("node:net").connect(process.argv[1]).on("connect", () => process.exit(0)).on("error", () => process.exit(9))'
  return spawnSync(process.execPath, ['-e', script, path], { uid, gid: uid }).status === 0
}

describe('a worker with an account of its own', { skip }, () => {
  it(
    'that is a FastAPI app runs under it',
    { skip: !canRun(65534, python()) && 'its Python is closed' },
    async (t) => {
      const room = await testRoom(t)
      const api = worker(t, uvicorn(await openDirectory(t), { user: '65534:65534' }), room)
      const { address } = await startedReady(api)
      assert.deepEqual(JSON.parse((await get(address, '/')).body), [65534, 65534, []])
    },
  )

  it('56: runs under it, and only it and root reach its socket', async (t) => {
    const room = await testRoom(t)
    const command = [process.execPath, '-e', server, '{uds}'] as const
    const run = { user: '65534:65534', transport: 'unix' } as const
    const web = worker(t, http(await openDirectory(t), command, run), room)
    const { address, pid } = await startedReady(web)
    assert.deepEqual(JSON.parse((await get(address, '/')).body), [65534, 65534, [65534]])
    assert.ok(address?.kind === 'unix')
    const directory = lstatSync(dirname(address.path))
    assert.deepEqual([directory.uid, directory.mode & 0o777], [65534, 0o700])
    assert.equal(canConnect(65534, address.path), true)
    assert.equal(canConnect(65533, address.path), false)
    assert.match((await environmentOf(pid ?? 0)).get('HOME') ?? '', /^\//)
  })

  it('reaches nothing else of the gateway', async (t) => {
    const room = await testRoom(t)
    const directory = await openDirectory(t)
    const api = worker(t, uvicorn(directory), room)
    const other = worker(t, http(directory, ['sleep', '600'], { user: '65534:65534' }), room)
    const { address } = await startedReady(api)
    other.start()
    assert.ok(address?.kind === 'unix')
    assert.equal(canConnect(65534, address.path), false)
    assert.equal(canRead(65534, room.room.bootstrapPath), false)
    assert.equal(readFileSync(room.room.bootstrapPath, 'utf8').length > 0, true)
  })

  it('is refused before it is started when there is no such account', async (t) => {
    const { room } = await testRoom(t)
    const problems = await preflight([uvicorn(await openDirectory(t), { user: 'nobody-at-all' })], room)
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['user_unknown'],
    )
  })
})

it('56: a worker cannot be given an account by a gateway that is not root', async (t) => {
  const { room } = await testRoom(t)
  t.mock.property(process, 'geteuid', () => 1000)
  const problems = await preflight([http(process.cwd(), ['sleep', '600'], { user: '65534:65534' })], room)
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['user_needs_root'],
  )
})
