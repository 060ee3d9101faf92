/** `fluxlit.auth` in plain Streamlit scripts: who looks at the page, whether they may, their token at the provider. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { StreamlitPage } from '../support/streamlit-page.ts'

const script = `
import streamlit as st

import fluxlit.auth
from fluxlit import prepare_streamlit_api_client

who = fluxlit.auth.user(st)
st.text(f"Hello {who.name} <{who.email}> of {', '.join(who.groups)}.")
st.text(f"The API says {prepare_streamlit_api_client(st).get('/who').status_code}.")
try:
    st.text(f"Token {fluxlit.auth.access_token(st)}.")
except fluxlit.auth.NoAccessToken as error:
    st.text(f"No token: {error}")
fluxlit.auth.require(groups=["Büro 王"])
st.text("For the office only.")
`
const workers = '[workers.api]\napp = "identity_api:app"\n[workers.ui]\nscript = "page.py"\n'
const files = { 'identity_api.py': app('identity_api.py'), 'page.py': script }

async function tokenOf(page: StreamlitPage): Promise<string> {
  const [, token = ''] = await page.said(/Token ([0-9a-f-]{36})\./)
  return token
}

test('a plain script needs nothing but the import to know who looks at it', async (t) => {
  const provider = await OddProvider.start(t)
  Object.assign(provider.claims, { name: 'Łukasz, 王', groups: ['staff', 'Büro 王'] })
  const toml = `root_path = "/tools"\n${workers}${loginToml({ issuer: provider.issuer })}`
  const running = await (await gateway(t, { toml, files })).ready()
  const visitor = new GatewayVisitor(running.url)
  await visitor.arrive('/tools/oauth2/start')
  const open = (): Promise<StreamlitPage> => StreamlitPage.openAs(t, running, visitor, '/tools')

  await t.test('names arrive exactly, whatever the alphabet', async () => {
    const page = await open()
    await page.said(/Hello Łukasz, 王 <alice@example\.com> of staff, Büro 王\./)
    await page.said(/The API says 200\./)
    await page.said(/For the office only\./)
  })

  await t.test('the token is renewed before it is given out', async () => {
    const before = await tokenOf(await open())
    const other = new GatewayVisitor(running.url)
    provider.accessLifetime = 0
    await other.arrive('/tools/oauth2/start')
    provider.accessLifetime = 3600
    const page = await StreamlitPage.openAs(t, running, other, '/tools')
    assert.notEqual(await tokenOf(page), before)
    assert.equal(provider.tokenCalls.at(-1)?.grant, 'refresh_token')
  })

  await t.test('who is not in the group sees what stands in front of the question, and no more', async () => {
    provider.claims['groups'] = ['staff']
    const other = new GatewayVisitor(running.url)
    await other.arrive('/tools/oauth2/start')
    const page = await StreamlitPage.openAs(t, running, other, '/tools')
    await page.said(/You are signed in, but not allowed to see this page\./)
    assert.equal(page.text.includes('For the office only'), false)
  })

  await t.test('attack 117: the endpoint of tokens is not there for anybody else', async () => {
    const headers = { authorization: 'Bearer flxs_x' }
    const answer = await ask(`${running.url}/tools/oauth2/token`, { method: 'POST', headers })
    assert.equal(answer.status, 404)
  })
})

test('where nobody logs in at a provider a page has no token there, and reads why', async (t) => {
  const toml = `${workers}[auth]\nmodes = ["dev"]\n[auth.dev]\nas = "dev@example.com:Büro 王"\n`
  const running = await (await gateway(t, { toml, files })).ready()
  const page = await StreamlitPage.open(t, running.socketUrl)
  await page.said(/No token: the gateway signs nobody in at a provider/)
  await page.said(/The API says 200\./)
  await page.said(/For the office only\./)
})
