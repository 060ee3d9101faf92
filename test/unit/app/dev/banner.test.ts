import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pageUrl, renderBanner, renderHelp } from '../../../../internal/app/dev/banner.ts'
import { browserCommand } from '../../../../internal/app/dev/browser.ts'
import { readVersions } from '../../../../internal/app/dev/versions.ts'
import { project } from '../../../fixtures/dev/project.ts'

test('the banner says where everything is, how long it took, on what it runs and what was not as asked', async (t) => {
  const { config } = await project(t)
  const [api, ui, files] = config.workers
  assert.ok(api !== undefined && ui !== undefined && files !== undefined)
  const text = renderBanner({
    url: 'http://127.0.0.1:8001/tools',
    workers: [
      { config: api, versions: { Python: '3.12.1', FastAPI: '0.165.0', Uvicorn: '0.54.0' }, readyMs: 740 },
      { config: ui, versions: { Python: '3.12.1', Streamlit: '1.67.0' }, readyMs: null },
      { config: files, versions: {}, readyMs: 1 },
    ],
    notices: ['port 8000 is taken by pid 1 (nginx): using 8001'],
    watching: 'changed Python files restart the API',
    hasKeys: true,
    colour: false,
  })
  assert.equal(
    text,
    `
  API docs (api)  http://127.0.0.1:8001/tools/api/docs
  UI (ui)         http://127.0.0.1:8001/tools/
  files           http://127.0.0.1:8001/tools/files/
  Health          http://127.0.0.1:8001/tools/__fluxlit/readyz

  api    ready in 0.7 s  Python 3.12.1, FastAPI 0.165.0, Uvicorn 0.54.0
  ui     not ready  Python 3.12.1, Streamlit 1.67.0
  files  ready in 0.0 s

  port 8000 is taken by pid 1 (nginx): using 8001
  changed Python files restart the API
  press h for help

`,
  )
  assert.equal(pageUrl('http://a:1', config.workers), 'http://a:1/')
  assert.equal(pageUrl('http://a:1', [api]), 'http://a:1/api/')
})

test('without a terminal no keys are offered, and with colours the words are the same', async (t) => {
  const { config } = await project(t)
  const input = {
    url: 'http://a',
    workers: config.workers.map((worker) => ({ config: worker, versions: {}, readyMs: 1 })),
    notices: [],
    watching: 'files are not watched',
    hasKeys: false,
  }
  const plain = renderBanner({ ...input, colour: false })
  assert.doesNotMatch(plain, /press/)
  const coloured = renderBanner({ ...input, colour: true })
  assert.notEqual(coloured, plain)
  assert.equal(coloured.replace(/\x1b\[\d+m/g, ''), plain)
  assert.match(renderHelp(false), /^ {2}r {2}restart every worker\n/)
})

test('versions come from the interpreter of the worker, and are nothing where there is none', async (t) => {
  const { config } = await project(t)
  const [api, ui, files] = config.workers
  assert.ok(api !== undefined && ui !== undefined && files !== undefined)
  const found = await readVersions(api, config, { PATH: process.env['PATH'] })
  assert.deepEqual(Object.keys(found), ['Python', 'FastAPI', 'Uvicorn'])
  for (const version of Object.values(found)) assert.match(version, /^\d+\.\d+/)
  assert.deepEqual(await readVersions(ui, config, { PATH: '/nonexistent' }), {})
  assert.deepEqual(await readVersions(files, config, {}), {})
})

test('a browser is opened only where there is a screen', () => {
  assert.equal(browserCommand('linux', {}), null)
  assert.equal(browserCommand('linux', { DISPLAY: '' }), null)
  assert.equal(browserCommand('linux', { DISPLAY: ':0' }), 'xdg-open')
  assert.equal(browserCommand('linux', { WAYLAND_DISPLAY: 'wayland-0' }), 'xdg-open')
  assert.equal(browserCommand('darwin', {}), 'open')
})
