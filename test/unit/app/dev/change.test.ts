import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { isExcluded, kindOfChange, projectOf, reactionTo } from '../../../../internal/app/dev/change.ts'
import type { Project, ReloadScope } from '../../../../internal/app/dev/change.ts'
import { project } from '../../../fixtures/dev/project.ts'

/** What a change of these files leads to, in words. */
function reaction(known: Project, files: readonly string[], scope: ReloadScope = 'api'): string {
  const paths = files.map((file) => join(known.root, file))
  const found = reactionTo(paths, known, scope)
  if (found.kind === 'none') return 'nothing'
  if (found.kind === 'restart') return `restart ${found.workers.join(' ')}: ${found.because}`
  return `reload${found.everything ? ' and restart' : ''}: ${found.because}`
}

test('a Python file restarts the API, and Streamlit is left to itself', async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf(config, directory)
  assert.equal(reaction(known, ['main.py']), 'restart api: main.py changed')
  assert.equal(reaction(known, ['lib/deep/x.py']), 'restart api: lib/deep/x.py changed')
  assert.equal(reaction(known, ['main.py', 'a.py', 'b.py']), 'restart api: main.py and 2 more changed')
  for (const page of ['streamlit_app.py', 'pages/1_Report.py'])
    assert.equal(reaction(known, [page]), 'nothing')
  assert.equal(reaction(known, ['streamlit_app.py', 'main.py']), 'restart api: main.py changed')
})

test('the scope says whose Python files matter', async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf(config, directory)
  assert.equal(reaction(known, ['x.py'], 'ui'), 'restart ui: x.py changed')
  assert.equal(reaction(known, ['x.py'], 'all'), 'restart api ui: x.py changed')
})

test('a worker is not restarted for files outside its directory', async (t) => {
  const toml = '[workers.api]\napp = "main:app"\ncwd = "back"\n[workers.ui]\nscript = "streamlit_app.py"\n'
  const { config, directory } = await project(t, toml, { 'back/main.py': '' })
  const known = projectOf(config, directory)
  assert.equal(reaction(known, ['x.py']), 'nothing')
  assert.equal(reaction(known, ['back/x.py']), 'restart api: back/x.py changed')
  assert.equal(reaction(known, ['backup/x.py']), 'nothing')
})

test('configuration is read again, an environment also restarts what runs', async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf(config, directory)
  assert.equal(reaction(known, ['fluxlit.toml']), 'reload: fluxlit.toml changed')
  for (const file of ['.env', '.env.local', 'settings/api.vars'])
    assert.equal(reaction(known, [file]), `reload and restart: ${file} changed`)
  assert.equal(reaction(known, ['main.py', 'fluxlit.toml']), 'reload: main.py and 1 more changed')
})

test('other packages restart every worker that is started here', async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf(config, directory)
  for (const file of ['requirements.txt', 'requirements-dev.txt', 'pyproject.toml', 'uv.lock', 'poetry.lock'])
    assert.equal(reaction(known, [file]), `restart api ui: ${file} changed`)
})

test("Streamlit's own configuration restarts Streamlit", async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf(config, directory)
  assert.equal(reaction(known, ['.streamlit/config.toml']), 'restart ui: .streamlit/config.toml changed')
  assert.equal(reaction(known, ['other/config.toml']), 'nothing')
})

test('a configuration inside pyproject.toml counts as both', async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf({ ...config, sources: ['pyproject.toml'] }, directory)
  assert.equal(reaction(known, ['pyproject.toml']), 'reload and restart: pyproject.toml changed')
})

test('what is neither code nor configuration means nothing', async (t) => {
  const { config, directory } = await project(t)
  const known = projectOf(config, directory)
  for (const file of [
    'notes.md',
    'data.csv',
    '.env.example',
    'main.py~',
    '.main.py.swp',
    '.#main.py',
    'x.pyc',
  ])
    assert.equal(kindOfChange(join(directory, file), known), null, file)
})

test('directories that tools fill are left out, at any depth', () => {
  for (const path of [
    '.git/index',
    '.venv',
    'venv/lib/x.py',
    'a/node_modules/b/c.py',
    'a/__pycache__',
    'dist/x.py',
    '.mypy_cache/x',
    'mine/lib/python3.12/site-packages/x.py',
    'x.egg-info/top.txt',
  ])
    assert.ok(isExcluded(path), path)
  for (const path of ['main.py', 'distance/x.py', '.env', '.streamlit/config.toml', 'git/x.py'])
    assert.ok(!isExcluded(path), path)
})
