import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load, loadValid, problemLines, project } from './project.ts'

const toml = '[workers.api]\napp = "main:app"\n[pages]\ndir = "pages"\nlang = "pt-BR"\n'
const app = { 'main.py': '' }

test('pages are read when they are configured', async (t) => {
  const files = {
    ...app,
    'fluxlit.toml': toml,
    'pages/404.html': 'no {request_id}',
    'pages/readme.txt': '{x}',
  }
  const { config } = loadValid(await project(t, files))
  assert.deepEqual(config.pages, { lang: 'pt-BR', templates: { '404': 'no {request_id}' } })
  const without = loadValid(await project(t, { ...app, 'fluxlit.toml': '[workers.api]\napp = "main:app"\n' }))
  assert.equal(without.config.pages, null)
})

test('a directory that is not there, or empty, is named', async (t) => {
  for (const [files, wanted] of [
    [{}, /^fluxlit\.toml:4: \[pages_missing\] `pages\.dir` is not an existing directory: .*\/pages/],
    [{ 'pages/readme.txt': '' }, /\[pages_missing\] `pages\.dir` has no page in it: .*\/pages/],
  ] as const) {
    const directory = await project(t, { ...app, ...files, 'fluxlit.toml': toml })
    assert.match(problemLines(load(directory)).join('\n'), wanted)
  }
})

test('every page that cannot be used is named with file and line, all at once', async (t) => {
  const directory = await project(t, {
    ...app,
    'fluxlit.toml': toml,
    'pages/405.html': '<style>body{margin:0}</style>\n<p>{request_idd}</p>',
    'pages/50x.html': '',
    'pages/502.html': '{name}',
    'pages/503.html': 'x'.repeat(256 * 1024 + 1),
  })
  const told = problemLines(load(directory)).join('\n')
  assert.match(
    told,
    /pages\/405\.html:2: \[bad_page\] the page has \{request_idd\}, which stands for nothing/,
  )
  assert.match(told, /pages\/50x\.html: \[bad_page\] the page is a page for no answer of the gateway/)
  assert.match(told, /pages\/502\.html:1: \[bad_page\]/)
  assert.match(told, /pages\/503\.html: \[bad_page\] the page is larger than 256 KiB/)
})
