import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { findPython, isPythonFound } from '../../../internal/config/python.ts'
import { freshDirectory } from '../../support/directory.ts'

async function places(
  t: Parameters<typeof freshDirectory>[0],
  executables: readonly string[],
  others: readonly string[] = [],
) {
  const files = Object.fromEntries([...executables, ...others].map((file) => [file, '#!/bin/sh\n']))
  const directory = await freshDirectory(t, { files })
  for (const file of executables) await chmod(join(directory, file), 0o755)
  return directory
}

function found(
  choice: string | null,
  directory: string,
  env: Record<string, string> = {},
  cwd = directory,
): string {
  const result = findPython({ path: choice, where: 'fluxlit.toml:2' }, { cwd, root: directory, env })
  return isPythonFound(result) ? result.path.replace(`${directory}/`, '') : result.code
}

test('the order is VIRTUAL_ENV, .venv in cwd, .venv in root, python3, python', async (t) => {
  const all = ['active/bin/python', 'app/.venv/bin/python', '.venv/bin/python', 'bin/python3', 'bin/python']
  const directory = await places(t, all)
  const env = { VIRTUAL_ENV: join(directory, 'active'), PATH: join(directory, 'bin') }
  const cwd = join(directory, 'app')
  assert.equal(found(null, directory, env, cwd), all[0])
  assert.equal(found(null, directory, { PATH: env.PATH }, cwd), all[1])
  assert.equal(found(null, directory, { PATH: env.PATH }), all[2])
  const bare = await places(t, ['bin/python3', 'bin/python'])
  assert.equal(found(null, bare, { PATH: join(bare, 'bin') }), 'bin/python3')
  const old = await places(t, ['bin/python'])
  assert.equal(found(null, old, { PATH: `:relative:${join(old, 'bin')}` }), 'bin/python')
})

test('an environment FluxLit was installed into comes before those on PATH, if apps can run in it', async (t) => {
  const library = 'own/lib/python3.13/site-packages/uvicorn/__init__.py'
  for (const [others, expected] of [
    [['own/pyvenv.cfg', library], 'own/bin/python'],
    // What pipx makes, and a program that was copied somewhere.
    [['own/pyvenv.cfg'], 'bin/python3'],
    [[library], 'bin/python3'],
  ] as const) {
    const directory = await places(t, ['own/bin/python', 'own/bin/fluxlit', 'bin/python3'], others)
    const result = findPython(
      { path: null, where: 'default' },
      {
        cwd: directory,
        root: directory,
        env: { PATH: join(directory, 'bin') },
        executable: join(directory, 'own/bin/fluxlit'),
      },
    )
    assert.ok(isPythonFound(result))
    assert.equal(result.path, join(directory, expected))
  }
})

test('an explicit choice is a path, a virtual environment or a command, and nothing else is tried', async (t) => {
  const directory = await places(t, ['venv/bin/python', 'only3/bin/python3', 'bin/python3', 'bin/python3.12'])
  const env = { PATH: join(directory, 'bin') }
  assert.equal(found('./venv/bin/python', directory, env), 'venv/bin/python')
  assert.equal(found('./venv', directory, env), 'venv/bin/python')
  assert.equal(found('venv', directory, env), 'venv/bin/python')
  assert.equal(found('./only3', directory, env), 'only3/bin/python3')
  assert.equal(found('python3.12', directory, env), 'bin/python3.12')
  assert.equal(found('python9', directory, env), 'python_not_found')
  assert.equal(found('./nowhere', directory, env), 'python_not_found')
})

test('not found and not executable are different problems', async (t) => {
  const directory = await places(t, [], ['plain/python'])
  assert.equal(found('./plain/python', directory), 'python_not_executable')
  assert.equal(found('./plain', directory), 'python_not_found')
  assert.equal(found('python', directory, { PATH: join(directory, 'plain') }), 'python_not_executable')
})

test('when nothing is found the problem lists every place', async (t) => {
  const directory = await places(t, [], ['bin/python3'])
  const env = { VIRTUAL_ENV: '/nowhere', PATH: join(directory, 'bin') }
  const result = findPython({ path: null, where: 'fluxlit.toml:2' }, { cwd: directory, root: directory, env })
  assert(!isPythonFound(result))
  assert.equal(result.where, 'fluxlit.toml:2')
  assert.deepEqual(result.detail, [
    'VIRTUAL_ENV: /nowhere/bin/python (not found)',
    `.venv: ${directory}/.venv/bin/python (not found)`,
    `python3 on PATH: ${directory}/bin/python3 (not executable)`,
    `python on PATH: ${directory}/bin/python (not found)`,
  ])
})
