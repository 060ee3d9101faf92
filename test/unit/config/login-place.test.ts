import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { load, loadValid, problemLines, project, usualFiles } from './project.ts'

const login = `[auth.oidc]
issuer = "https://idp.example"
client_id = "shop"
client_secret = "s"
`

async function directoryWith(t: TestContext, auth: string, workers: string): Promise<string> {
  const toml = `[auth]\nmodes = ["oidc"]\n${auth}${login}${workers}`
  return project(t, { ...usualFiles, 'fluxlit.toml': toml })
}

const ui = '[workers.ui]\nscript = "streamlit_app.py"\n'

test('the login can be at another place, below one with several segments, too', async (t) => {
  const directory = await directoryWith(t, 'prefix = "/portal/sign-in/"\n', ui)
  assert.equal(loadValid(directory).config.auth?.login?.prefix, '/portal/sign-in')
  const usual = await directoryWith(t, '', ui)
  assert.equal(loadValid(usual).config.auth?.login?.prefix, '/oauth2')
})

test('not everything is a place for a login', async (t) => {
  for (const prefix of ['/', '', '/__fluxlit/login', '/_stcore', '/a/../b', '/a//b', '/%61', '/a b']) {
    const found = problemLines(load(await directoryWith(t, `prefix = "${prefix}"\n`, ui)))
    assert.equal(found.length, 1, prefix)
    assert.match(found[0] ?? '', /^fluxlit\.toml:3: \[bad_value\] `auth\.prefix`/, prefix)
  }
})

const api = (mount: string): string => `${ui}[workers.api]\napp = "main:app"\nmount = "${mount}"\n`

test('a worker that nothing would reach is named, with the line of the login', async (t) => {
  const cases = [
    [
      'prefix = "/login"\n',
      '/login',
      /:12: \[login_prefix_taken\] worker `api` .* at \/login \(fluxlit\.toml:3\)/,
    ],
    ['prefix = "/login"\n', '/login/api', /:12: \[login_prefix_taken\] worker `api`/],
    ['', '/auth/login', /:11: \[login_prefix_taken\] .* \/auth\/login \(fluxlit\.toml:2\)/],
  ] as const
  for (const [auth, mount, wanted] of cases) {
    const found = problemLines(load(await directoryWith(t, auth, api(mount))))
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', wanted)
  }
  // Inside an API is a place like others: where the Python package had its login.
  loadValid(await directoryWith(t, 'prefix = "/api/auth"\n', api('/api')))
  loadValid(await directoryWith(t, 'streamlit_native = true\n', api('/auth/login')))
})

test('Streamlit’s own login needs its addresses', async (t) => {
  const found = problemLines(load(await directoryWith(t, 'streamlit_native = true\nprefix = "/auth"\n', ui)))
  assert.match(found.join(), /^fluxlit\.toml:4: \[login_prefix_taken\] .*takes \/auth\/login away/)
})

test('a login of Streamlit’s own behind that of the gateway is warned about, and no secret of it is printed', async (t) => {
  const directory = await directoryWith(t, '', ui)
  await mkdir(join(directory, '.streamlit'))
  const secrets = join(directory, '.streamlit', 'secrets.toml')
  const warnings = (): readonly string[] =>
    loadValid(directory).warnings.flatMap(({ code, message, hint }) =>
      code === 'streamlit_login_shadowed' ? [`${message} ${hint}`] : [],
    )
  await writeFile(secrets, 'db = "hunter2"\n')
  assert.deepEqual(warnings(), [])
  await writeFile(secrets, 'db = "hunter2"\n[auth]\ncookie_secret = "hunter2"\n')
  const [warning = ''] = warnings()
  assert.match(warning, /secrets\.toml:2 .*`ui`.*streamlit_native = true/)
  assert.doesNotMatch(warning, /hunter2/)
  await writeFile(secrets, '[auth.google]\nclient_secret = "hunter2"\n')
  assert.equal(warnings().length, 1)
  await writeFile(
    join(directory, 'fluxlit.toml'),
    `[auth]\nmodes = ["oidc"]\nstreamlit_native = true\n${login}${ui}`,
  )
  assert.deepEqual(warnings(), [])
})
