import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { instanceKey } from '../../../internal/config/sources.ts'
import { freshDirectory } from '../../support/directory.ts'
import { loadValid, project, usualFiles } from './project.ts'

const worker = '[workers.api]\napp = "main:app"\n'

test('a gateway is known by the file it was started with: given, standard, of the project, or the directory', async (t) => {
  const given = await project(t, { ...usualFiles, 'a.toml': worker, 'b.toml': '' })
  const standard = await project(t, { ...usualFiles, 'fluxlit.toml': worker })
  const pyproject = await project(t, {
    ...usualFiles,
    'pyproject.toml': worker.replace('[', '[tool.fluxlit.'),
  })
  const detected = await project(t, { 'main.py': 'from fastapi import FastAPI\napp = FastAPI()\n' })
  const cases = [
    [given, ['a.toml', 'b.toml'], join(given, 'a.toml')],
    [standard, [], join(standard, 'fluxlit.toml')],
    [pyproject, [], join(pyproject, 'pyproject.toml')],
    [detected, [], detected],
  ] as const
  for (const [directory, files, expected] of cases) {
    assert.equal(instanceKey(directory, files), expected)
    assert.equal(loadValid(directory, { files }).config.instanceKey, expected)
  }
})

test('a symbolic link in the path stays, so that a switched release keeps its gateway', async (t) => {
  const directory = await freshDirectory(t, { files: { 'releases/7/fluxlit.toml': '' } })
  symlinkSync('releases/7', join(directory, 'current'))
  assert.equal(instanceKey(directory, ['current/fluxlit.toml']), join(directory, 'current', 'fluxlit.toml'))
})
