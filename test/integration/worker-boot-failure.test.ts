import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

import { preflight } from '../../internal/worker/preflight.ts'
import { http, process as processWorker, streamlit, uvicorn } from '../fixtures/worker/configs.ts'
import { apps, failure, testRoom, worker } from '../fixtures/worker/room.ts'
import { python } from '../support/python.ts'

describe('a worker that cannot start says why', () => {
  it('when its module does not exist', async (t) => {
    const { reason } = await failure(worker(t, uvicorn(apps, { app: 'nowhere:app' }), await testRoom(t)))
    assert.equal(reason.code, 'app_not_found')
    assert.equal(reason.message, `module \`nowhere\` does not exist in ${apps}`)
    assert.equal(reason.where, 'fluxlit.toml:1')
  })

  it('when the module has no such attribute, naming those it has', async (t) => {
    const { reason } = await failure(worker(t, uvicorn(apps, { app: 'renamed:app' }), await testRoom(t)))
    assert.equal(reason.code, 'app_attribute_missing')
    assert.equal(
      reason.message,
      'module `renamed` has no attribute `app`; it has: application, service (renamed.py:5)',
    )
    assert.equal(reason.hint, 'write app = "renamed:application"')
  })

  it('when an import inside the app fails, with file and line', async (t) => {
    const config = uvicorn(apps, { app: 'broken_import:app' })
    const { reason } = await failure(worker(t, config, await testRoom(t)))
    assert.equal(reason.code, 'app_import_failed')
    assert.match(reason.message, /No module named 'a_module_nobody_has' \(broken_import\.py:3\)$/)
    assert.match(reason.detail?.join('\n') ?? '', /^Traceback .*\n.*broken_import\.py", line 3/)
  })

  it('when the app has a syntax error, with line and caret', async (t) => {
    const config = uvicorn(apps, { app: 'broken_syntax:app' })
    const { reason } = await failure(worker(t, config, await testRoom(t)))
    assert.equal(reason.code, 'app_syntax_error')
    assert.match(reason.message, /\(broken_syntax\.py:1\)$/)
    assert.match(reason.detail?.join('\n') ?? '', /\^/)
  })

  it('when the attribute is no application', async (t) => {
    const config = uvicorn(apps, { app: 'not_an_app:number' })
    const { reason } = await failure(worker(t, config, await testRoom(t)))
    assert.equal(reason.code, 'app_not_callable')
    assert.match(reason.message, /is of type int/)
  })

  it('when its script has a syntax error, on either transport', async (t) => {
    for (const transport of ['unix', 'tcp'] as const) {
      const config = streamlit(apps, { transport, script: join(apps, 'ui_syntax.py') })
      const { reason } = await failure(worker(t, config, await testRoom(t)))
      assert.equal(reason.code, 'script_syntax_error')
      assert.match(reason.message, /\(ui_syntax\.py:3\)$/)
    }
  })

  it('14: when it never answers, with its last lines', async (t) => {
    const silent = ['-c', 'import time; print("here I am", flush=True); time.sleep(600)']
    const config = http(apps, [python(), ...silent])
    const quick = { ...config, ready: { ...config.ready, timeoutMs: 1500 } }
    const room = await testRoom(t)
    const once = { ...room, room: { ...room.room, restart: { ...room.room.restart, bootAttempts: 1 } } }
    const { reason } = await failure(worker(t, quick, once))
    assert.equal(reason.code, 'ready_timeout')
    assert.deepEqual(reason.detail, ['here I am'])
  })
})

describe('a failed start', () => {
  it('is not repeated when that is pointless', async (t) => {
    const state = await failure(worker(t, uvicorn(apps, { app: 'nowhere:app' }), await testRoom(t)))
    assert.equal(state.generation, 1)
    assert.equal(state.retrying, false)
  })

  it('is repeated as often as boot_attempts says when it may pass', async (t) => {
    const config = uvicorn(apps, { app: 'broken_start:app' })
    const state = await failure(worker(t, config, await testRoom(t)))
    assert.equal(state.generation, 3)
    assert.match(state.reason.message, /RuntimeError: the database is not there \(broken_start\.py:2\)$/)
  })
})

describe('before anything is spawned', () => {
  it('a missing uvicorn is told with the command that installs it', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'fl-'))
    t.after(() => rm(directory, { recursive: true, force: true }))
    await promisify(execFile)(python(), ['-m', 'venv', '--without-pip', directory])
    const interpreter = join(directory, 'bin', 'python')
    const choice = { path: interpreter, where: 'fluxlit.toml:2' }
    const { room } = await testRoom(t)
    const workers = [uvicorn(apps, { python: choice }), streamlit(apps, { python: choice })]
    const problems = await preflight(workers, room)
    assert.deepEqual(
      problems.map(({ code, hint }) => [code, hint]),
      [
        ['module_missing', `${interpreter} -m pip install 'uvicorn[standard]'`],
        ['module_missing', `${interpreter} -m pip install streamlit`],
      ],
    )
  })

  it('every problem of every worker is told at once', async (t) => {
    const { room } = await testRoom(t)
    const problems = await preflight(
      [
        uvicorn(apps, { args: ['--port', '80', '--reload'] }),
        streamlit(join(apps, 'nowhere')),
        http(apps, ['a-command-nobody-has']),
        processWorker(apps, ['./main.py']),
      ],
      room,
    )
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['args_conflict', 'args_conflict', 'cwd_unusable', 'command_not_found', 'command_not_executable'],
    )
  })

  it('nothing is wrong with a good configuration', async (t) => {
    const { room, logger } = await testRoom(t)
    assert.deepEqual(await preflight([uvicorn(apps), streamlit(apps), http(apps, [python()])], room), [])
    assert.deepEqual(logger.lines, [])
  })
})
