import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { browser, openPage } from '../support/browser.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { clientId, clientSecret, OddProvider } from '../support/odd-provider.ts'
import { python, repository } from '../support/python.ts'

const from = (name: string): string => `test/fixtures/predecessor/${name}`

const secret = 'a secret of more than 32 bytes, for tests only'

test('applications of the Python package run unchanged', async (t) => {
  const chromium = await browser(t)

  await t.test('the quick start with its fluxlit.toml', async (sub) => {
    const { url } = await (await gateway(sub, { from: from('quickstart') })).ready()
    const page = await openPage(chromium)
    await page.goto(url)
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor()
    await page.getByText('Ada').waitFor()
    assert.equal(await page.title(), 'Admin Portal')
    assert.equal((await ask(`${url}/api/users`)).body, '[{"name":"Ada"}]')
    assert.match((await ask(`${url}/api/docs`)).body, /Admin Portal/)
  })

  await t.test('the typed quick start, in development and found by itself', async (sub) => {
    const running = await gateway(sub, { verb: 'dev', detect: true, from: from('typed') })
    const page = await openPage(chromium)
    // The waiting page becomes the application's.
    await page.goto(running.url)
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor()
    await page.getByText('Ada').waitFor()
  })

  await t.test('pages in a package', async (sub) => {
    const running = await gateway(sub, { detect: true, from: from('layout'), args: ['app:app'] })
    const { url } = await running.ready()
    const page = await openPage(chromium)

    await sub.test('the page with the path / is the root, and menu and icons are there', async () => {
      await page.goto(url)
      await page.getByRole('heading', { name: 'Start page' }).waitFor()
      assert.equal(await page.title(), 'Layout')
      await page.getByRole('link', { name: 'About' }).click()
      await page.getByRole('heading', { name: 'About page' }).waitFor()
      await page.waitForURL(`${url}/!about`)
      assert.equal(await page.title(), 'About us')
      await page.getByRole('link', { name: 'Start' }).click()
      await page.getByRole('heading', { name: 'Start page' }).waitFor()
      await page.waitForURL(`${url}/`)
    })

    await sub.test('a link with ?page= leads to the page, and the rest of its query too', async () => {
      await page.goto(`${url}/?page=About&topic=tea`)
      await page.getByText('asked for tea').waitFor()
      await page.waitForURL(`${url}/!about?topic=tea`)
      await page.getByRole('link', { name: 'Start' }).click()
      await page.getByRole('heading', { name: 'Start page' }).waitFor()
    })

    await sub.test('a page that raises says where, and the others go on', async () => {
      await page.goto(`${url}/broken`)
      await page.getByText('no rows in the table').first().waitFor()
      await running.record('the traceback', (line) => String(line['msg']).includes('pkg/pages/about.py'))
      await page.getByRole('link', { name: 'Start' }).click()
      await page.getByRole('heading', { name: 'Start page' }).waitFor()
      assert.equal((await ask(`${url}/api/healthz`)).status, 200)
    })
  })

  await t.test('a secured API called from a page', async (sub) => {
    const env = {
      FLUXLIT_JWT_ISSUER: 'https://issuer.example',
      FLUXLIT_JWT_AUDIENCE: 'secured',
      FLUXLIT_JWT_HS256_SECRET: secret,
    }
    const { url } = await (await gateway(sub, { detect: true, from: from('secured'), env })).ready()
    const refused = await ask(`${url}/api/me`)
    assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer'])
    const page = await openPage(chromium)
    await page.goto(url)
    await page.getByText('Sign in first.').waitFor()
    await page.getByRole('link', { name: 'Login' }).click()
    await page.getByRole('button', { name: 'Get a token' }).click()
    await page.getByText('Signed in.').waitFor()
    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByText('Łukasz').waitFor()
  })

  await t.test("a login of the application's own", async (sub) => {
    const provider = await OddProvider.start(sub)
    const env = {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: clientId,
      OIDC_CLIENT_SECRET: clientSecret,
      FLUXLIT_OIDC_BFF_SECRET: secret,
      FLUXLIT_JWT_ISSUER: 'fluxlit-bff',
      FLUXLIT_JWT_AUDIENCE: 'fluxlit-app',
      FLUXLIT_JWT_HS256_SECRET: secret,
    }
    const running = await gateway(sub, { detect: true, from: from('oidc'), env })
    const { url } = await running.ready()
    const page = await openPage(chromium)
    let landing = ''
    page.on('request', (request) => {
      if (request.url().includes('auth_code=')) landing = request.url()
    })

    await sub.test('leads back to the page, which calls the API as that user', async () => {
      await page.goto(url)
      await page.getByText('Nobody is signed in.').waitFor()
      await page.goto(`${url}/api/auth/login`)
      await page.getByText('Signed in as alice').waitFor()
      await page.waitForURL(`${url}/`)
    })

    await sub.test('the code in the address is of no use to another browser, nor a second time', async () => {
      const other = await openPage(chromium)
      await other.goto(landing)
      await other.getByText('401').first().waitFor()
      const code = new URL(landing).searchParams.get('auth_code')
      const again = await ask(`${url}/api/auth/exchange`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code }),
      })
      assert.equal(again.status, 401)
    })

    await sub.test('no code, token or secret is in the log', () => {
      const code = new URL(landing).searchParams.get('auth_code') ?? ''
      assert.ok(code.length > 20)
      assert.ok(!running.output.includes(code), running.output)
      assert.ok(!running.output.includes(secret))
    })
  })

  await t.test('their tests run in plain pytest', async (sub) => {
    const cwd = await freshDirectory(sub, { from: from('testing') })
    const env = { ...process.env, PYTHONPATH: join(repository, 'internal/python') }
    const words = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', cwd]
    const { stdout } = await promisify(execFile)(python(), words, { cwd, env })
    assert.match(stdout, /1 passed/)
  })
})
