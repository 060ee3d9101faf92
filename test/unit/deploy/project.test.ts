import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readProject, type Project } from '../../../internal/deploy/project.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { loadValid, project } from '../config/project.ts'

const toml = '[workers.web]\nurl = "http://127.0.0.1:1"\nmount = "/"\n'

async function projectWith(t: Cleanup, files: Readonly<Record<string, string>>): Promise<Project> {
  const directory = await project(t, { 'fluxlit.toml': toml, ...files })
  const { config } = loadValid(directory)
  return readProject(config, { name: null, target: null, configFiles: [], executable: '/usr/bin/fluxlit' })
}

test('packages are looked for in a lock of uv first, then in requirements, then in the project', async (t) => {
  const found = async (files: Readonly<Record<string, string>>): Promise<string> =>
    (await projectWith(t, files)).requirements.kind
  const pyproject = '[project]\nname = "shop"\ndependencies = ["fastapi"]\n'
  assert.equal(await found({}), 'none')
  assert.equal(await found({ 'pyproject.toml': '[tool.ruff]\n' }), 'none')
  assert.equal(await found({ 'pyproject.toml': pyproject }), 'project')
  assert.equal(await found({ 'pyproject.toml': pyproject, 'requirements.txt': '' }), 'pip')
  assert.equal(await found({ 'pyproject.toml': pyproject, 'requirements.txt': '', 'uv.lock': '' }), 'uv')
})

test('a lock wins over requirements.txt', async (t) => {
  const { requirements } = await projectWith(t, { 'requirements.txt': '', 'requirements.lock': '' })
  assert.deepEqual(requirements, { kind: 'pip', files: ['requirements.lock'] })
})

test('the version of Python is the one the project is developed with', async (t) => {
  const version = async (files: Readonly<Record<string, string>>): Promise<readonly (string | null)[]> => {
    const { pythonVersion, pythonSource } = await projectWith(t, files)
    return [pythonVersion, pythonSource]
  }
  assert.deepEqual(await version({}), ['3.13', null])
  const venv = { '.venv/pyvenv.cfg': 'home = /usr/bin\nversion = 3.11.2\n' }
  assert.deepEqual(await version(venv), ['3.11', '.venv/pyvenv.cfg'])
  assert.deepEqual(await version({ ...venv, '.python-version': '3.12.7\n' }), ['3.12', '.python-version'])
})

test('the configuration is named relative to the root', async (t) => {
  assert.deepEqual((await projectWith(t, {})).configFiles, ['fluxlit.toml'])
})
