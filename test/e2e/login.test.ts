import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Page } from 'playwright-core'

import { browser, openPage } from '../support/browser.ts'
import { certifiedProvider } from '../support/certified-provider.ts'
import { gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'

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
      // The access token lives for three seconds: by now it is another one, or will be.
      await first.getByRole('button', { name: 'Ask the API' }).click()
      await first.getByText('The API says 200 carol').waitFor()
      await running.record('tokens are renewed', () => provider.grants.includes('refresh_token'))
      await first.getByRole('button', { name: 'Ask the API' }).click()
      await first.getByText('The API says 200 carol').waitFor()
    },
  )

  await t.test('signing out in one tab ends the other, which then asks to sign in', async () => {
    const second = await first.context().newPage()
    await second.goto(running.url)
    await second.getByRole('button', { name: 'Leave' }).click()
    // The provider asks once more whether it should end there too.
    await second.getByRole('button', { name: /Yes, sign me out/ }).click()
    await second.getByRole('heading', { name: 'Signed out' }).waitFor()
    await first.getByPlaceholder('Enter any login').waitFor()
  })

  await t.test('somebody else signs in where one left, and is somebody else', async () => {
    await signIn(first, 'dave')
    await first.getByText('I am dave@example.com').waitFor()
  })
})
