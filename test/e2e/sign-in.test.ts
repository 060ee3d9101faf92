import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { binary, finished, start } from '../support/binary.ts'
import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

const files = { 'identity_ui.py': app('identity_ui.py') }

function hashed(password: string): string {
  return execFileSync(binary(), ['hash-password'], { input: `${password}\n`, encoding: 'utf8' }).trim()
}

test('st.user names who signed in with a password, without a line of code for it', async (t) => {
  const toml = `
[auth]
modes = ["basic"]
[[auth.basic.users]]
name = "ann"
password_hash = '${hashed('secret of ann')}'
email = "ann@example.com"
groups = ["finance"]
[[auth.basic.users]]
name = "bob"
password_hash = '${hashed('secret of bob')}'
email = "bob@example.com"
[workers.ui]
script = "identity_ui.py"
access = { groups = ["finance"] }
`
  const chromium = await browser(t)
  const running = await (await gateway(t, { toml, files })).ready()
  const { url } = running

  await t.test('who is not signed in gets neither page nor socket nor media', async () => {
    for (const path of ['/', '/_stcore/health', '/media/x.png', '/_stcore/upload_file/a/b'])
      assert.equal((await ask(url + path)).status, 401, path)
  })

  await t.test('the page knows her, over the socket too', async () => {
    const page = await openPage(chromium, { httpCredentials: { username: 'ann', password: 'secret of ann' } })
    await page.goto(url)
    await page.getByText('email: ann@example.com').waitFor()
    await page.getByText('sub: ann').waitFor()
    await page.getByText('logged in: True').or(page.getByText('logged in: true')).waitFor()
  })

  await t.test('access of the worker guards all of it', async () => {
    const authorization = `Basic ${Buffer.from('bob:secret of bob').toString('base64')}`
    for (const path of ['/', '/_stcore/health', '/media/x.png'])
      assert.equal((await ask(url + path, { headers: { authorization } })).status, 403, path)
  })
})

test('fluxlit dev --as signs the developer in, and serve refuses that for others', async (t) => {
  const toml = '[workers.ui]\nscript = "identity_ui.py"\n'
  const chromium = await browser(t)
  const running = await gateway(t, { verb: 'dev', toml, files, args: ['--as', 'dev@example.com:admin'] })
  await running.record('ready', (line) => String(line['text'] ?? line['msg']).includes('ready'))
  const page = await openPage(chromium)
  await page.goto(running.url)
  await page.getByText('email: dev@example.com').waitFor()
  const exposed = await finished(
    start(['dev', '--as', 'a@b.example', '--host', '0.0.0.0', '-c', 'fluxlit.toml'], {
      cwd: running.directory,
    }),
  )
  assert.equal(exposed.code, 2)
  assert.match(exposed.stderr, /dev_sign_in_exposed/)
})
