import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Page } from 'playwright-core'

import { browser, openPage } from '../support/browser.ts'
import { certifiedProvider } from '../support/certified-provider.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'

const workers = '[workers.api]\napp = "api:app"\n[workers.ui]\nscript = "ui.py"\n'

const files = {
  'api.py': `
from fastapi import FastAPI, Request
app = FastAPI()

@app.get("/me")
def me(request: Request):
    return {"user": request.headers.get("x-forwarded-user"), "email": request.headers.get("x-forwarded-email")}
`,
  'ui.py': `
import os
import httpx
import streamlit as st

st.title("Members")
st.write("I am", st.user.get("email"))
if st.button("Ask the API"):
    handle = st.context.headers.get("X-Fluxlit-Session-Handle")
    answer = httpx.get(
        os.environ["FLUXLIT_INTERNAL_API_BASE"] + "/me", headers={"Authorization": f"Bearer {handle}"}
    )
    st.write("The API says", answer.status_code, answer.json().get("user"))
if st.button("Leave"):
    st.logout()
`,
}

/** Fills the provider's two forms: who it is, and that this is fine. */
async function signIn(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(name)
  await page.getByPlaceholder('and password').fill('x')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

test('people sign in at a provider in a real browser', async (t) => {
  const provider = await certifiedProvider(t, { accessLifetime: 3 })
  const oidc = 'authorization_params = { prompt = "consent" }'
  const session = 'refresh_margin = "1s"'
  const running = await (
    await gateway(t, { toml: workers + loginToml({ issuer: provider.issuer, oidc, session }), files })
  ).ready()
  provider.open(running.url)
  const chromium = await browser(t)
  const first = await openPage(chromium)

  await t.test('a deep link leads through the login and is kept', async () => {
    await first.goto(`${running.url}/?team=blue`)
    await signIn(first, 'carol')
    await first.getByRole('heading', { name: 'Members' }).waitFor()
    assert.equal(new URL(first.url()).search, '?team=blue')
  })

  await t.test('a plain page knows who it is, without code and secrets', async () => {
    await first.getByText('I am carol@example.com').waitFor()
  })

  await t.test('a second tab asks nothing', async () => {
    const second = await first.context().newPage()
    await second.goto(running.url)
    await second.getByText('I am carol@example.com').waitFor()
    await second.close()
  })

  await t.test(
    'a page that is open past the end of the token still calls the API as the person',
    async () => {
      // The access token lives for three seconds, and the page was loaded with the first one.
      await eventually('tokens are renewed', async () => {
        await first.getByRole('button', { name: 'Ask the API' }).click()
        await first.getByText('The API says 200 carol').waitFor()
        return provider.grants.includes('refresh_token')
      })
    },
  )

  await t.test('signing out in one tab ends the other', async () => {
    const second = await first.context().newPage()
    await second.goto(running.url)
    await second.getByRole('button', { name: 'Leave' }).click()
    await first.getByRole('heading', { name: 'Signed out' }).waitFor()
    // The provider asks whether the login should end there too.
    await second.getByRole('button', { name: /Yes, sign me out/ }).click()
    await second.getByRole('heading', { name: 'Signed out' }).waitFor()
  })

  await t.test('the next one is asked who it is, and is somebody else', async () => {
    await first.getByRole('link', { name: 'Sign in again' }).click()
    await signIn(first, 'dave')
    await first.getByText('I am dave@example.com').waitFor()
  })
})

test('a page whose session runs out while it is open is loaded again and comes back signed in', async (t) => {
  const provider = await OddProvider.start(t)
  const session = 'absolute_lifetime = "8s"\nidle_timeout = "0s"'
  const running = await (
    await gateway(t, { toml: workers + loginToml({ issuer: provider.issuer, session }), files })
  ).ready()
  const page = await openPage(await browser(t))
  await page.goto(`${running.url}/?team=red`)
  await page.getByText('I am alice@example.com').waitFor()
  const logins = (): number =>
    provider.tokenCalls.filter(({ grant }) => grant === 'authorization_code').length
  const before = logins()
  await eventually('it has signed in again, without anybody doing anything', () => logins() > before)
  await page.getByText('I am alice@example.com').waitFor()
  assert.equal(new URL(page.url()).search, '?team=red')
})
