import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { Inspection } from '../../../internal/worker/inspect.ts'
import { inspectPython, isAtLeast, lackingFor, missingFor } from '../../../internal/worker/inspect.ts'
import { python, repository } from '../../support/python.ts'

const complete: Inspection = {
  python: '/venv/bin/python',
  version: [3, 12, 1],
  packages: {
    uvicorn: '0.54.0',
    streamlit: '1.67.0',
    websockets: '17.4',
    wsproto: null,
    httptools: '0.9.0',
    fastapi: '0.165.0',
    httpx: '0.28.1',
  },
  fluxlit: null,
}
const nothing: Inspection = {
  ...complete,
  packages: {
    uvicorn: null,
    streamlit: null,
    websockets: null,
    wsproto: null,
    httptools: null,
    fastapi: null,
    httpx: null,
  },
}

/** A program that stands in for an interpreter. */
async function pretend(t: TestContext, script: string): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'fl-'))
  t.after(() => rm(base, { recursive: true, force: true }))
  const path = join(base, 'python')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o700)
  return path
}

const input = {
  bootstrapPath: join(repository, 'internal/python/bootstrap.py'),
  cwd: tmpdir(),
  env: { PATH: process.env['PATH'] },
  where: 'fluxlit.toml:3',
}

describe('an interpreter', () => {
  it('tells its version and packages', async () => {
    const found = await inspectPython(python(), input)
    assert.ok('packages' in found)
    assert.equal(found.python, python())
    assert.equal(found.version[0], 3)
    assert.match(found.packages.uvicorn ?? '', /^\d+\./)
    assert.match(found.packages.streamlit ?? '', /^\d+\./)
  })

  it('that fails is told with what it said', async (t) => {
    const found = await inspectPython(await pretend(t, 'echo no encodings >&2; exit 3'), input)
    assert.ok('code' in found)
    assert.equal(found.code, 'python_broken')
    assert.match(found.message, /exit status 3$/)
    assert.deepEqual(found.detail, ['no encodings'])
    assert.equal(found.where, 'fluxlit.toml:3')
  })

  it('that says something else is told so', async (t) => {
    const found = await inspectPython(await pretend(t, 'echo hello'), input)
    assert.ok('code' in found)
    assert.match(found.message, /its answer is not understood$/)
  })

  it('that hangs is ended', async (t) => {
    const found = await inspectPython(await pretend(t, 'exec sleep 600'), { ...input, deadlineMs: 50 })
    assert.ok('code' in found)
    assert.match(found.message, /it does not answer$/)
  })

  it('that does not exist is told so', async () => {
    const found = await inspectPython('/nowhere/python', input)
    assert.ok('code' in found)
    assert.match(found.message, /\/nowhere\/python does not exist$/)
  })

  it('that is too old to read the bootstrap is told as too old', async (t) => {
    const old = await pretend(
      t,
      'echo \'  File "bootstrap.py", line 17\' >&2; echo "SyntaxError: x" >&2; exit 1',
    )
    const found = await inspectPython(old, input)
    assert.ok('code' in found)
    assert.equal(found.code, 'python_too_old')
  })
})

describe('what a worker needs of it', () => {
  it('is there', () => {
    assert.deepEqual(missingFor('uvicorn', complete, 'x'), [])
    assert.deepEqual(missingFor('streamlit', complete, 'x'), [])
    assert.deepEqual(lackingFor('uvicorn', complete), [])
  })

  it('is more for an application object: what the Python package builds on', () => {
    const packages = { ...complete.packages, fastapi: null, httpx: null }
    const bare = { ...complete, packages }
    assert.deepEqual(missingFor('streamlit', bare, 'x'), [])
    const [api] = missingFor('uvicorn', bare, 'x', true)
    assert.equal(api?.hint, '/venv/bin/python -m pip install fastapi')
    const [ui] = missingFor('streamlit', bare, 'x', true)
    assert.equal(ui?.code, 'module_missing')
    assert.equal(ui?.hint, '/venv/bin/python -m pip install fastapi httpx')
  })

  it('is missing, with the command that installs it', () => {
    const [problem] = missingFor('uvicorn', nothing, 'fluxlit.toml:3')
    assert.deepEqual(problem, {
      code: 'module_missing',
      message: 'module "uvicorn" is not installed in /venv/bin/python (Python 3.12.1)',
      where: 'fluxlit.toml:3',
      hint: "/venv/bin/python -m pip install 'uvicorn[standard]'",
    })
    assert.equal(missingFor('streamlit', nothing, 'x')[0]?.hint, '/venv/bin/python -m pip install streamlit')
  })

  it('is a newer Python', () => {
    const [problem] = missingFor('uvicorn', { ...complete, version: [3, 9, 18] }, 'x')
    assert.equal(problem?.code, 'python_too_old')
    assert.equal(problem.message, '/venv/bin/python is Python 3.9.18; Python 3.10 or newer is needed')
    assert.deepEqual(missingFor('uvicorn', { ...complete, version: [3, 10, 0] }, 'x'), [])
  })

  it('includes a WebSocket library, though it runs without', () => {
    const bare = { ...complete, packages: { ...complete.packages, websockets: null } }
    assert.equal(lackingFor('uvicorn', bare)[0]?.code, 'no_websocket_library')
    assert.deepEqual(lackingFor('streamlit', bare), [])
  })
})

describe('a version', () => {
  it('is compared number by number', () => {
    assert.equal(isAtLeast('1.57.0', [1, 57]), true)
    assert.equal(isAtLeast('1.9.9', [1, 57]), false)
    assert.equal(isAtLeast('2.0', [1, 57]), true)
    assert.equal(isAtLeast('0.44.0rc1', [0, 44]), true)
    assert.equal(isAtLeast(null, [0, 1]), false)
  })
})
