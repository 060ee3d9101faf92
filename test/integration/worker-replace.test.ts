import assert from 'node:assert/strict'
import { readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { Address } from '../../internal/config/config.ts'
import type { WorkerRoom } from '../../internal/worker/room.ts'
import type { SupervisedWorker } from '../../internal/worker/types.ts'
import { streamlit, uvicorn } from '../fixtures/worker/configs.ts'
import type { TestRoom } from '../fixtures/worker/room.ts'
import {
  apps,
  failure,
  get,
  isAlive,
  reached,
  startedReady,
  testRoom,
  worker,
} from '../fixtures/worker/room.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'

const app = (version: string): string => `
import os
from fastapi import FastAPI
app = FastAPI()

@app.get("/")
def root():
    return {"version": "${version}", "cwd": os.getcwd(), "pid": os.getpid(), "colour": os.environ.get("COLOUR")}

@app.get("/die")
def die():
    print("the last words", flush=True)
    os._exit(9)
`

/** Two checkouts and a link to the first. */
async function checkouts(t: TestContext, second = app('two')): Promise<string> {
  const directory = await freshDirectory(t, {
    files: { 'one/main.py': app('one'), 'two/main.py': second, 'api.env': 'COLOUR=red\n' },
  })
  await symlink('one', join(directory, 'current'))
  return directory
}

/** As a deployment does it: the link is never missing. */
async function flip(directory: string, to: string): Promise<void> {
  await symlink(to, join(directory, 'next'))
  await rename(join(directory, 'next'), join(directory, 'current'))
}

/** A room in which a new generation is trusted soon. */
async function trusting(t: TestContext, changes: Partial<WorkerRoom> = {}): Promise<TestRoom> {
  return testRoom(t, { probationMs: 100, ...changes })
}

async function said(address: Address | null | undefined): Promise<Record<string, unknown>> {
  const value: unknown = JSON.parse((await get(address ?? null, '/')).body)
  assert.ok(typeof value === 'object' && value !== null)
  return { ...value }
}

async function versionOf(api: SupervisedWorker): Promise<unknown> {
  return (await said(api.addresses[0]))['version']
}

describe('a FastAPI app that is replaced', () => {
  it('runs in the checkout the link leads to, and the old process is gone', async (t) => {
    const directory = await checkouts(t)
    const api = worker(t, uvicorn(join(directory, 'current')), await trusting(t))
    const first = await startedReady(api)
    await flip(directory, 'two')
    assert.equal((await said(first.address))['cwd'], join(directory, 'one'))
    assert.deepEqual(await api.replace({ reason: 'restart' }), { ok: true, generation: 2 })
    const { version, cwd } = await said(api.addresses[0])
    assert.deepEqual([version, cwd], ['two', join(directory, 'two')])
    assert.equal(isAlive(first.pid ?? 0), false)
  })

  it('is not ended while something is in flight to the old process, which nothing new reaches', async (t) => {
    const directory = await checkouts(t)
    const idle = Promise.withResolvers<void>()
    const retired: (readonly [string, Address])[] = []
    const retire = (name: string, address: Address): Promise<void> => {
      retired.push([name, address])
      return idle.promise
    }
    const room = await trusting(t, { retire })
    const api = worker(t, uvicorn(join(directory, 'current')), room)
    const first = await startedReady(api)
    await flip(directory, 'two')
    const replaced = api.replace({ reason: 'restart' })
    await eventually('the old process is about to be ended', () => retired.length === 1)
    assert.deepEqual(retired, [['api', first.address]])
    assert.equal((await said(first.address))['version'], 'one')
    assert.equal(await versionOf(api), 'two')
    idle.resolve()
    await replaced
    assert.equal(isAlive(first.pid ?? 0), false)
  })

  it('stays as it is when the new code cannot be imported', async (t) => {
    const directory = await checkouts(t, 'print("looking around")\nimport a_module_nobody_has\n')
    const api = worker(t, uvicorn(join(directory, 'current')), await trusting(t))
    const { pid } = await startedReady(api)
    await flip(directory, 'two')
    const outcome = await api.replace({ reason: 'restart' })
    assert.ok(!outcome.ok)
    assert.equal(outcome.problem.code, 'app_import_failed')
    assert.match(outcome.problem.message, /a_module_nobody_has.* \(main\.py:2\)/)
    assert.match(
      outcome.problem.detail?.join('\n') ?? '',
      /^Traceback[^]*\nIts last output:\nlooking around$/,
    )
    assert.equal(await versionOf(api), 'one')
    assert.equal(isAlive(pid ?? 0), true)
  })

  it('goes back to the old process when the new one ends soon after it was ready', async (t) => {
    const directory = await checkouts(t)
    const room = await testRoom(t, { probationMs: 600_000 })
    const api = worker(t, uvicorn(join(directory, 'current')), room)
    const { pid } = await startedReady(api)
    await flip(directory, 'two')
    const switched = new Promise<void>((resolve) =>
      api.onChange((state) => {
        if (state.kind === 'ready') resolve()
      }),
    )
    const replaced = api.replace({ reason: 'restart' })
    await switched
    await assert.rejects(get(api.addresses[0] ?? null, '/die'))
    const outcome = await replaced
    assert.ok(!outcome.ok)
    assert.match(outcome.problem.message, /exit status 9/)
    assert.equal(outcome.problem.detail?.at(-1), 'the last words')
    assert.equal(await versionOf(api), 'one')
    assert.equal((await said(api.addresses[0]))['pid'], pid)
  })

  it('reads its env_file again', async (t) => {
    const directory = await checkouts(t)
    const file = { path: join(directory, 'api.env'), name: 'api.env', where: 'fluxlit.toml:3' }
    const envSources = { below: {}, file, above: {} }
    const api = worker(t, uvicorn(join(directory, 'current'), { envSources }), await trusting(t))
    await startedReady(api)
    assert.equal((await said(api.addresses[0]))['colour'], 'red')
    await writeFile(file.path, 'COLOUR=blue\n')
    assert.equal((await api.replace({ reason: 'restart' })).ok, true)
    assert.equal((await said(api.addresses[0]))['colour'], 'blue')
    await writeFile(file.path, 'not a variable\n')
    const outcome = await api.replace({ reason: 'restart' })
    assert.ok(!outcome.ok)
    assert.equal(outcome.problem.where, 'api.env:1')
    assert.equal((await said(api.addresses[0]))['colour'], 'blue')
  })

  it('that cannot run twice is ended first', async (t) => {
    const directory = await checkouts(t)
    const config = uvicorn(join(directory, 'current'), { replace: 'stop-first' })
    const api = worker(t, config, await trusting(t))
    const { pid } = await startedReady(api)
    const states: string[] = []
    api.onChange(({ kind }) => {
      states.push(`${kind} ${isAlive(pid ?? 0) ? 'beside' : 'after'} the old one`)
    })
    await flip(directory, 'two')
    assert.equal((await api.replace({ reason: 'restart' })).ok, true)
    assert.equal(states[0], 'starting beside the old one')
    assert.equal(states.at(-1), 'ready after the old one')
    assert.equal(await versionOf(api), 'two')
  })
})

describe('a Streamlit script that is replaced', () => {
  it('answers from a new process on another socket', async (t) => {
    const ui = worker(t, streamlit(apps), await trusting(t))
    const first = await startedReady(ui)
    assert.deepEqual(await ui.replace({ reason: 'restart' }), { ok: true, generation: 2 })
    const [address] = ui.addresses
    assert.notDeepEqual(address, first.address)
    assert.deepEqual(await get(address ?? null, '/_stcore/health'), { status: 200, body: 'ok' })
    assert.equal(isAlive(first.pid ?? 0), false)
  })
})

describe('what is to be done before a worker starts', () => {
  it('is done in its directory and environment, with its own interpreter, before every start', async (t) => {
    const directory = await checkouts(t)
    const beforeStart = [
      'echo "$COLOUR $(basename "$PWD")" >> ../log.txt',
      ['python', '-c', 'import fastapi; open("../log.txt", "a").write("migrated\\n"); print("done")'],
    ] as const
    const config = uvicorn(join(directory, 'current'), { beforeStart, env: { COLOUR: 'green' } })
    const room = await trusting(t)
    const api = worker(t, config, room)
    await startedReady(api)
    const log = (): Promise<string> => readFile(join(directory, 'log.txt'), 'utf8')
    assert.equal(await log(), 'green one\nmigrated\n')
    await flip(directory, 'two')
    await api.replace({ reason: 'restart' })
    assert.equal(await log(), 'green one\nmigrated\ngreen two\nmigrated\n')
    const line = room.logger.lines.find(({ message }) => message === 'done')
    assert.equal(line?.fields['worker'], 'api')
  })

  it('keeps it from starting when it fails, with what was said', async (t) => {
    const directory = await checkouts(t)
    const config = uvicorn(join(directory, 'current'), { beforeStart: ['echo no database; exit 3'] })
    const { reason, generation } = await failure(worker(t, config, await trusting(t)))
    assert.equal(reason.code, 'before_start_failed')
    assert.match(reason.message, /^`echo no database; exit 3` of worker api failed: exit status 3$/)
    assert.deepEqual(reason.detail, ['no database'])
    assert.equal(generation, 3)
  })

  it('is given up when it takes longer than ready_timeout', async (t) => {
    const directory = await checkouts(t)
    const config = uvicorn(join(directory, 'current'), { beforeStart: [['sleep', '600']] })
    const room = await trusting(t)
    const { restart } = room.room
    const once = { ...room, room: { ...room.room, restart: { ...restart, bootAttempts: 1 } } }
    const { reason } = await failure(
      worker(t, { ...config, ready: { ...config.ready, timeoutMs: 50 } }, once),
    )
    assert.match(reason.message, /`sleep 600` .* took longer than ready_timeout/)
  })

  it('does not keep it from being closed', async (t) => {
    const directory = await checkouts(t)
    const config = uvicorn(join(directory, 'current'), {
      beforeStart: ['echo here I am; sleep 600'],
    })
    const room = await trusting(t)
    const api = worker(t, config, room)
    api.start()
    await eventually('the command runs', () =>
      room.logger.lines.some(({ message }) => message === 'here I am'),
    )
    const stopped = reached(api, 'draining')
    await api.close()
    await stopped
    assert.equal(api.state.kind, 'stopped')
  })
})
