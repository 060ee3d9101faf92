import assert from 'node:assert/strict'
import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'

import { placed, realBelow } from '../../../internal/worker/place.ts'
import { isProblem } from '../../../internal/worker/problem.ts'
import { streamlit, uvicorn } from '../../fixtures/worker/configs.ts'
import { freshDirectory } from '../../support/directory.ts'

it('a worker is placed in the checkout a link leads to, with its script', async (t) => {
  const directory = await freshDirectory(t, { files: { 'one/ui.py': '', 'two/ui.py': '' } })
  await symlink('one', join(directory, 'current'))
  const config = streamlit(join(directory, 'current'))
  for (const release of ['one', 'two']) {
    await symlink(release, join(directory, 'next'))
    await rename(join(directory, 'next'), join(directory, 'current'))
    const found = placed(config)
    assert.ok(!isProblem(found) && found.kind === 'streamlit')
    assert.deepEqual(
      [found.run.cwd, found.run.script],
      [join(directory, release), join(directory, release, 'ui.py')],
    )
  }
})

it('54: variables are read again: .env below, env_file, env above', async (t) => {
  const directory = await freshDirectory(t, { files: { 'api.env': 'B=file\nC=file\n' } })
  const file = { path: join(directory, 'api.env'), name: 'api.env', where: 'fluxlit.toml:2' }
  const envSources = { below: { A: 'below', B: 'below' }, file, above: { C: 'above' } }
  const found = placed(uvicorn(directory, { envSources }))
  assert.ok(!isProblem(found))
  assert.deepEqual(found.run.env, { A: 'below', B: 'file', C: 'above' })
})

it('an env_file that is gone is a problem of its own', async (t) => {
  const directory = await freshDirectory(t)
  const file = { path: join(directory, 'api.env'), name: 'api.env', where: 'fluxlit.toml:2' }
  const found = placed(uvicorn(directory, { envSources: { below: {}, file, above: {} } }))
  assert.ok(isProblem(found))
  assert.equal(found.code, 'env_file_unreadable')
})

it('links on the way are followed, the last one is not', async (t) => {
  const directory = await freshDirectory(t, { files: { 'venv/bin/python3': '' } })
  await symlink('python3', join(directory, 'venv/bin/python'))
  await symlink('venv', join(directory, 'current'))
  assert.equal(realBelow(join(directory, 'current/bin/python')), join(directory, 'venv/bin/python'))
  assert.equal(realBelow(join(directory, 'nowhere/bin/python')), null)
})
