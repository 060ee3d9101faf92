import assert from 'node:assert/strict'
import { test } from 'node:test'

import { detect, wordsOf } from '../../../internal/config/detect.ts'
import { scanPython } from '../../../internal/config/python-source.ts'
import { freshDirectory } from '../../support/directory.ts'
import { load, loadValid, project } from './project.ts'

const api = 'from fastapi import FastAPI\n\napp = FastAPI()\n'
const ui = 'import streamlit as st\n'

async function detected(t: Parameters<typeof freshDirectory>[0], files: Readonly<Record<string, string>>) {
  const result = detect(await freshDirectory(t, { files }))
  return result.kind === 'problem' ? result.problem.code : wordsOf(result)
}

test('an application is found under every usual way to write it', () => {
  for (const source of [
    api,
    'import fastapi\napp = fastapi.FastAPI()\n',
    'import os, fastapi as fa\napp: fa.FastAPI = fa.FastAPI(\n    title="x",\n)\n',
    'from fastapi import (\n    APIRouter,\n    FastAPI as F,\n)\n\napp = F()\n',
    'from fastapi import FastAPI\r\napp = application = FastAPI()\r\n',
    'try:\n    from fastapi import FastAPI\nexcept ImportError:\n    raise\napp = \\\n    FastAPI()\n',
  ]) {
    assert.deepEqual(scanPython(source).fastapiNames, ['app'], source)
  }
})

test('comments, texts and inner assignments do not count', () => {
  for (const source of [
    'from fastapi import FastAPI\n# app = FastAPI()\n',
    '"""\nfrom fastapi import FastAPI\napp = FastAPI()\n"""\n',
    "x = '''\nimport streamlit\n'''\n",
    'from fastapi import FastAPI\ndef make():\n    app = FastAPI()\n    return app\n',
    'app = FastAPI()\n',
    'from mine import FastAPI\napp = FastAPI()\n',
    'from fastapi import FastAPI\napp = FastAPIWrapper()\n',
    'import streamlit_extras\nfrom streamlitx import y\n',
  ]) {
    const scanned = scanPython(source)
    assert.deepEqual(scanned.fastapiNames, [], source)
    assert.equal(scanned.importsStreamlit, false, source)
  }
})

test('streamlit is found wherever it is imported', () => {
  for (const source of [
    ui,
    'import os, streamlit\n',
    'from streamlit import session_state\n',
    'def f():\n    from streamlit.runtime import get_instance\n',
  ]) {
    assert.equal(scanPython(source).importsStreamlit, true, source)
  }
})

test('a FastAPI file and a Streamlit file are two workers', async (t) => {
  assert.deepEqual(await detected(t, { 'main.py': api, 'streamlit_app.py': ui }), [
    'api: main:app (FastAPI in main.py)',
    'ui: streamlit_app.py (imports streamlit)',
  ])
})

test('one file is never two workers', async (t) => {
  assert.deepEqual(await detected(t, { 'app.py': `${ui}${api}` }), ['api: app:app (FastAPI in app.py)'])
})

test('the name app is preferred, then api, then any', async (t) => {
  const two = 'from fastapi import FastAPI\nfirst = FastAPI()\napi = FastAPI()\n'
  assert.deepEqual(await detected(t, { 'main.py': two }), ['api: main:api (FastAPI in main.py)'])
  assert.deepEqual(await detected(t, { 'main.py': 'import fastapi\nserver = fastapi.FastAPI()\n' }), [
    'api: main:server (FastAPI in main.py)',
  ])
})

test('the import starts above the outermost package', async (t) => {
  const packaged = await freshDirectory(t, { files: { 'app/main.py': api, 'app/__init__.py': '' } })
  const plain = await freshDirectory(t, { files: { 'app/main.py': api } })
  const keys = [packaged, plain].map((directory) => {
    const result = detect(directory)
    return result.kind === 'workers' ? result.workers[0]?.keys : null
  })
  assert.deepEqual(keys, [{ app: 'app.main:app' }, { app: 'main:app', cwd: 'app' }])
})

test('the entrypoint of [tool.fastapi] wins, and its file is not the script', async (t) => {
  const files = {
    'main.py': api,
    'server.py': `${ui}${api}`,
    'pyproject.toml': '[tool.fastapi]\nentrypoint = "server:app"\n',
  }
  assert.deepEqual(await detected(t, files), ['api: server:app (entrypoint of [tool.fastapi])'])
})

test('any single file that imports streamlit will do, several unusual ones are not guessed between', async (t) => {
  assert.deepEqual(await detected(t, { 'dashboard.py': ui }), ['ui: dashboard.py (imports streamlit)'])
  assert.equal(await detected(t, { 'one.py': ui, 'two.py': ui }), 'nothing_to_serve')
  assert.equal(await detected(t, {}), 'nothing_to_serve')
})

test('a FluxLit application object comes first, named as a module where it is one', async (t) => {
  const app = 'from fluxlit import FluxLit\napp = FluxLit(title="x")\n'
  const other = 'import fluxlit\nclient = 1\nsite = fluxlit.FluxLit()\n'
  assert.deepEqual(await detected(t, { 'app.py': app, 'main.py': api, 'streamlit_app.py': ui }), [
    'target: app:app (FluxLit, in app.py)',
  ])
  assert.deepEqual(await detected(t, { 'site.py': other }), ['target: site:site (FluxLit, in site.py)'])
  assert.deepEqual(await detected(t, { 'app/main.py': app, 'app/__init__.py': '' }), [
    'target: app.main:app (FluxLit, in app/main.py)',
  ])
  assert.deepEqual(await detected(t, { 'app/main.py': app }), [
    'target: ./app/main.py:app (FluxLit, in app/main.py)',
  ])
})

test('without a file the gateway serves what it found, and variables still adjust it', async (t) => {
  const directory = await project(t, { 'main.py': api, 'streamlit_app.py': ui })
  const { config, report } = loadValid(directory, { env: { FLUXLIT_WORKERS_API_MOUNT: '/v1' } })
  assert.deepEqual(config.sources, ['detected'])
  assert.equal(config.instanceKey, directory)
  assert.deepEqual(
    config.workers.map(({ name, kind, where }) => [name, kind, where]),
    [
      ['api', 'uvicorn', 'detected in main.py'],
      ['ui', 'streamlit', 'detected in streamlit_app.py'],
    ],
  )
  assert.equal(config.workers[0]?.kind === 'uvicorn' && config.workers[0].mount, '/v1')
  assert.deepEqual(report.notes, [
    'api: main:app (FastAPI in main.py)',
    'ui: streamlit_app.py (imports streamlit)',
  ])
})

test('nothing is guessed when variables or a file say what to serve', async (t) => {
  const directory = await project(t, { 'main.py': api, 'streamlit_app.py': ui })
  const env = { FLUXLIT_WORKERS_ONLY_SCRIPT: 'streamlit_app.py' }
  assert.deepEqual(
    loadValid(directory, { env }).config.workers.map((worker) => worker.name),
    ['only'],
  )
  const withFile = await project(t, { 'main.py': api, 'fluxlit.toml': 'gateway_port = 1\n' })
  const result = load(withFile)
  assert(result.kind === 'problems')
  assert.deepEqual(result.problems[0]?.detail, ['[workers.api]', 'app = "main:app"'])
})
