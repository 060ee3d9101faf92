import assert from 'node:assert/strict'
import { test } from 'node:test'

import { notOnWindows } from '../../../internal/worker/preflight.ts'
import { endpointOf } from '../../../internal/worker/runtime-dir.ts'
import { loadValid, project, usualFiles } from '../config/project.ts'

test('on Windows every worker that would have to be started is named, and what to write instead', async (t) => {
  const toml = `[workers.api]
app = "main:app"
[workers.own]
command = ["node", "server.mjs"]
mount = "/own"
[workers.elsewhere]
kind = "http"
url = "http://127.0.0.1:9000"
mount = "/elsewhere"
[workers.files]
root = "public"
mount = "/files"
`
  const { config } = loadValid(await project(t, { ...usualFiles, 'fluxlit.toml': toml }))
  const problems = notOnWindows(config.workers)
  assert.deepEqual(
    problems.map(({ code, where }) => [code, where]),
    [
      ['not_on_windows', 'fluxlit.toml:1'],
      ['not_on_windows', 'fluxlit.toml:3'],
    ],
  )
  assert.match(problems[0]?.hint ?? '', /url = "http:\/\/127\.0\.0\.1:PORT" in \[workers\.api\]/)
})

test('a socket is a pipe on Windows, the same one however its path is written', () => {
  assert.equal(endpointOf('/run/fluxlit/a/1/control.sock', false), '/run/fluxlit/a/1/control.sock')
  const pipe = endpointOf('C:\\Users\\Ann\\AppData\\Local\\fluxlit\\run\\a\\1\\control.sock', true)
  assert.match(pipe, /^\\\\\.\\pipe\\fluxlit-[0-9a-f]{32}$/)
  assert.equal(endpointOf('c:\\users\\ann\\appdata\\local\\fluxlit\\run\\a\\1\\control.sock', true), pipe)
  assert.notEqual(endpointOf('C:\\x\\control.sock', true), pipe)
})
