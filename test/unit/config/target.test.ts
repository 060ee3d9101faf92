import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import type { Config } from '../../../internal/config/config.ts'
import { parseTarget, targetFile } from '../../../internal/config/target.ts'
import { load, loadValid, problemLines, project } from './project.ts'

const app = 'from fluxlit import FluxLit\napp = FluxLit()\n'

/** What the two workers of a target are started with. */
function programs(config: Config): readonly unknown[] {
  return config.workers.map((worker) =>
    worker.kind === 'uvicorn' && worker.run.kind === 'spawn'
      ? [worker.name, worker.mount, worker.run.app]
      : worker.kind === 'streamlit' && worker.run.kind === 'spawn'
        ? [worker.name, worker.mount, worker.run.script]
        : worker.name,
  )
}

/** A project whose target's file is followed by this. */
function withToml(text: string): Record<string, string> {
  return { 'app.py': app, 'fluxlit.toml': `target = "app:app"\n${text}` }
}

describe('a target', () => {
  for (const text of ['app:app', 'shop.main:site', './app.py:app', 'pkg/app.py:app', '/srv/my-app.py:app']) {
    test(`may be ${text}`, () => assert.equal(parseTarget(text).kind, 'ok'))
  }

  const wrong: Readonly<Record<string, string>> = {
    app: 'write "app:app"',
    'app:': 'write "app:app"',
    './app.py': 'write "./app.py:app"',
    './app:app': 'write "./app.py:app"',
    'my-app:app': '',
    'app:app()': '',
    './a.b.py:app': 'rename the file: Python cannot import one with a dot in its name',
  }
  for (const [text, hint] of Object.entries(wrong)) {
    test(`may not be ${text}`, () => assert.deepEqual(parseTarget(text), { kind: 'bad', hint }))
  }
})

test('a target makes an API and its pages, and they are redirected to the docs', async (t) => {
  const directory = await project(t, { 'app.py': app, 'fluxlit.toml': 'target = "app:app"\n' })
  const { config } = loadValid(directory)
  assert.deepEqual(programs(config), [
    ['api', '/api', 'app:app.api'],
    ['ui', '/', null],
  ])
  assert.deepEqual(config.target, {
    module: 'app',
    attribute: 'app',
    file: null,
    directories: [],
    sdk: 'embedded',
    where: 'fluxlit.toml:1',
  })
  assert.equal(config.docsRedirect, true)
  assert.equal(config.target !== null && targetFile(config.target, directory), join(directory, 'app.py'))
})

test('a file is imported from its own directory, in a package from the one above it', async (t) => {
  const directory = await project(t, { 'one/app.py': app, 'two/app.py': app, 'two/__init__.py': '' })
  const [plain, part] = ['./one/app.py:app', 'two/app.py:app'].map(
    (value) => loadValid(directory, { flags: { target: { value, flag: 'target' } } }).config.target,
  )
  assert.deepEqual([plain?.module, plain?.directories], ['app', [join(directory, 'one')]])
  assert.deepEqual([part?.module, part?.directories], ['two.app', [directory, join(directory, 'two')]])
})

test('the tables of its workers may say anything but what to run', async (t) => {
  const fine = '[workers.api]\nmount = "/v1"\nreplicas = 2\n[workers.ui]\nargs = ["--theme.base", "dark"]\n'
  const { config } = loadValid(await project(t, withToml(`docs_redirect = false\n${fine}`)))
  assert.deepEqual(
    config.workers.map((worker) => worker.kind !== 'process' && worker.mount),
    ['/v1', '/'],
  )
  assert.equal(config.docsRedirect, false)
  const wrong = await project(
    t,
    withToml('[workers.api]\napp = "main:app"\n[workers.ui]\nkind = "streamlit"\nfactory = true\n'),
  )
  assert.deepEqual(
    problemLines(load(wrong)).map((line) => line.replace(/ contradicts.*/, '')),
    [
      'fluxlit.toml:3: [target_conflict] `app` of worker `api`',
      'fluxlit.toml:5: [target_conflict] `kind` of worker `ui`',
      'fluxlit.toml:6: [key_without_meaning] `factory` of worker `ui` has no meaning for kind "streamlit"',
    ],
  )
})

test('other workers stand beside it', async (t) => {
  const toml = 'target = "app:app"\n[workers.queue]\nkind = "process"\ncommand = ["true"]\nafter = ["api"]\n'
  const { config } = loadValid(await project(t, { 'app.py': app, 'fluxlit.toml': toml }))
  assert.deepEqual(
    config.workers.map(({ name }) => name),
    ['api', 'ui', 'queue'],
  )
})

test('a file that is not there is a problem of the target, and a bad one names its line', async (t) => {
  const missing = await project(t, { 'fluxlit.toml': 'target = "./nope.py:app"\n' })
  assert.match(problemLines(load(missing))[0] ?? '', /^fluxlit\.toml:1: \[target_missing\] .*nope\.py$/)
  const bad = load(await project(t, { 'fluxlit.toml': 'target = "app"\n' }))
  assert(bad.kind === 'problems')
  assert.deepEqual(
    bad.problems.map(({ code, hint }) => [code, hint]),
    [['bad_value', 'write "app:app"']],
  )
})

test('the settings of the application reach its workers, and are no news to the gateway', async (t) => {
  const files = { 'app.py': app, '.env': 'FLUXLIT_JWT_ISSUER=from-file\nFLUXLIT_OIDC_BFF_SECRET=s\n' }
  const env = { FLUXLIT_JWT_ISSUER: 'https://issuer.example', FLUXLIT_TITLE: 'Shop', FLUXLIT_DEBUG: '1' }
  const { config, warnings } = loadValid(await project(t, files), { env })
  const [api] = config.workers
  assert(api?.kind === 'uvicorn' && api.run.kind === 'spawn')
  assert.deepEqual(api.run.env, {
    FLUXLIT_OIDC_BFF_SECRET: 's',
    FLUXLIT_JWT_ISSUER: 'https://issuer.example',
    FLUXLIT_DEBUG: '1',
    FLUXLIT_TITLE: 'Shop',
    FLUXLIT_API_MOUNT_PATH: '/api',
  })
  assert.deepEqual(warnings, [])
})

test('without a target they are named as meaningless, and reach nobody', async (t) => {
  const files = { 'main.py': 'from fastapi import FastAPI\napp = FastAPI()\n' }
  const { config, warnings } = loadValid(await project(t, files), { env: { FLUXLIT_DEBUG: '1' } })
  const [api] = config.workers
  assert(api?.kind === 'uvicorn' && api.run.kind === 'spawn')
  assert.deepEqual(api.run.env, {})
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['legacy_variable'],
  )
})
