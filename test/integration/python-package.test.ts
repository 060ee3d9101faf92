import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { freshDirectory } from '../support/directory.ts'
import { runPytest, succeeds } from '../support/pytest.ts'
import { python, repository } from '../support/python.ts'

test('the types of the Python package hold, also for Python 3.10', async () => {
  const sources = ['internal/python/fluxlit', 'internal/python/wheel_backend.py']
  const options = '--strict --python-version 3.10 --cache-dir node_modules/.cache/mypy'
  await succeeds(python(), ['-m', 'mypy', ...options.split(' '), ...sources])
})

test('the Python package works with the libraries of today', async (t) => {
  await runPytest(t, python())
})

test('the tests of the example pass without a gateway', async (t) => {
  const cwd = await freshDirectory(t, { from: 'examples/app-object' })
  const env = { PYTHONPATH: join(repository, 'internal', 'python') }
  const said = await succeeds(python(), ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'], { cwd, env })
  assert.match(said, /3 passed/)
})
