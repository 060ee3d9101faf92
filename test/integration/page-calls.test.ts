/** Calls of Streamlit's pages to FastAPI in the name of who looks at them, in every mode, through the binary. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

import { issuer, keyServer, Signer } from '../support/auth.ts'
import { binary } from '../support/binary.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { StreamlitPage } from '../support/streamlit-page.ts'

const members = `
import os

import httpx
from fastapi import Depends, Request
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fluxlit import FluxLit, Identity, prepare_streamlit_api_client, require_identity

app = FluxLit(title="Members")


@app.api.get("/who")
async def who(request: Request, who: Identity = Depends(require_identity)):
    return {"signed": who.claims["sub"], "headers": dict(request.headers)}


@app.page("/")
def home(st, client):
    handle = st.context.headers["X-Fluxlit-Session-Handle"]
    base = os.environ["FLUXLIT_INTERNAL_API_BASE"]
    plain = httpx.get(base + "/who", headers={"Authorization": "Bearer " + handle})
    packaged = prepare_streamlit_api_client(st).get("/who")
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.text(f"run {st.session_state.runs} of {get_script_run_ctx().session_id}.")
    for answer in (plain, client.get("/who"), packaged):
        st.text(f"{answer.status_code} {answer.json().get('signed')} of {handle} at {base}.")
`
const files = { 'app.py': members }
const target = 'target = "app:app"\n'

interface Who {
  readonly headers: Readonly<Record<string, string>>
}

/** What a page of somebody has in its hand, once all of its calls have come back in their name. */
async function handleOf(page: StreamlitPage, subject: string): Promise<{ handle: string; base: string }> {
  const thrice = new RegExp(`(?:200 ${subject} of (flx._[\\w-]+) at (\\S+)\\.[^]*){3}`)
  const [, handle = '', base = ''] = await page.said(thrice)
  return { handle, base }
}

const bearer = (value: string): { authorization: string } => ({ authorization: `Bearer ${value}` })

/** The status of a call with a handle, on the workers' own listener. */
async function call(base: string, handle: string): Promise<number> {
  return (await ask(`${base}/who`, { headers: bearer(handle) })).status
}

test('pages call the API as who looks at them, whatever way that was shown', async (t) => {
  const signer = new Signer()
  const keys = await keyServer(t, [signer.jwk])
  const provider = await OddProvider.start(t)
  const hash = execFileSync(binary(), ['hash-password'], {
    input: 'secret of ann\n',
    encoding: 'utf8',
  }).trim()
  const modes = `
[auth.jwt]
issuer = "${issuer}"
audience = ["fluxlit-api"]
jwks_url = "${keys.url}"
[auth.proxy]
preset = "oauth2-proxy"
trusted_proxies = ["127.0.0.0/8"]
[[auth.basic.users]]
name = "ann"
password_hash = '${hash}'
`
  const login = loginToml({ issuer: provider.issuer, rest: modes }).replace(
    'modes = ["oidc"]',
    'modes = ["jwt", "basic", "proxy", "oidc"]',
  )
  const running = await (await gateway(t, { toml: target + login, files })).ready()
  const open = (headers: Readonly<Record<string, string>>, resumes?: string) =>
    StreamlitPage.open(t, running.socketUrl, headers, resumes)
  const token = signer.token({ sub: 'bob' })

  await t.test('jwt: with the token that the page was opened with', async () => {
    const { handle, base } = await handleOf(await open(bearer(token)), 'bob')
    const { headers } = json<Who>((await ask(`${base}/who`, { headers: bearer(handle) })).body)
    assert.equal(headers['authorization'], `Bearer ${token}`)
  })

  await t.test('basic: and the password goes no further', async () => {
    const authorization = `Basic ${Buffer.from('ann:secret of ann').toString('base64')}`
    const { handle, base } = await handleOf(await open({ authorization }), 'ann')
    const { headers } = json<Who>((await ask(`${base}/who`, { headers: bearer(handle) })).body)
    assert.equal(headers['authorization'], undefined)
  })

  await t.test('proxy: and a proxy in front is believed at the front only', async () => {
    const { base } = await handleOf(await open({ 'x-forwarded-user': 'carol' }), 'carol')
    assert.equal((await ask(`${base}/who`, { headers: { 'x-forwarded-user': 'carol' } })).status, 401)
  })

  await t.test('oidc: as long as the session lasts, also after the socket', async () => {
    const visitor = new GatewayVisitor(running.url)
    await visitor.arrive('/oauth2/start')
    const opened = await StreamlitPage.openAs(t, running, visitor)
    const { handle, base } = await handleOf(opened, 'alice')
    assert.match(handle, /^flxs_/)
    await visitor.ask('/oauth2/sign_out', { method: 'POST', headers: { origin: running.url } })
    await eventually('it is over', async () => (await call(base, handle)) === 401)
  })

  await t.test('attack 117, 118: a handle is its page’s, from inside, while that is open', async () => {
    const [mine, other] = [await open(bearer(token)), await open(bearer(signer.token({ sub: 'eve' })))]
    const { handle, base } = await handleOf(mine, 'bob')
    const { handle: others } = await handleOf(other, 'eve')
    const mixed = handle.slice(0, 21) + others.slice(21)
    for (const wrong of [mixed, `${handle}A`, `flxk_${'A'.repeat(60)}`, 'flxs_made_up'])
      assert.equal(await call(base, wrong), 401, wrong)
    assert.equal((await ask(`${running.url}/api/who`, { headers: bearer(handle) })).status, 401)
    const brought = { ...bearer(token), 'X-Fluxlit-Session-Handle': handle }
    const seen = json<Who>((await ask(`${running.url}/api/who`, { headers: brought })).body)
    assert.equal(seen.headers['x-fluxlit-session-handle'], undefined)
    mine.socket.terminate()
    await eventually('it is over', async () => (await call(base, handle)) === 401)
    assert.equal(await call(base, others), 200)
  })

  await t.test(
    'attack 116: a page that lost its socket and comes back with a new token goes on, by another handle',
    async () => {
      const left = await open(bearer(token))
      const before = await handleOf(left, 'bob')
      const [, session = ''] = await left.said(/run 1 of ([\w-]{36})\./)
      left.socket.terminate()
      await eventually('it is over', async () => (await call(before.base, before.handle)) === 401)
      const back = await open(bearer(signer.token({ sub: 'bob', jti: 'another' })), session)
      await back.said(new RegExp(`run 2 of ${session}`))
      const { handle, base } = await handleOf(back, 'bob')
      assert.notEqual(handle, before.handle)
      assert.equal(await call(base, handle), 200)
    },
  )

  // Clocks may be half a minute apart.
  await t.test('a token that runs out takes the handle with it', async () => {
    const short = signer.token({ sub: 'dora', exp: Math.floor(Date.now() / 1_000) - 20 })
    const { handle, base } = await handleOf(await open(bearer(short)), 'dora')
    await eventually('it is over', async () => (await call(base, handle)) === 401)
  })

  await t.test('no handle is in the log', () => assert.doesNotMatch(running.output, /flx[sk]_/))
})

test('pages call the API as the developer, and a wrong handle makes nobody one', async (t) => {
  const toml = `${target}[auth]\nmodes = ["dev"]\n[auth.dev]\nas = "dev@example.com"\n`
  const running = await (await gateway(t, { toml, files })).ready()
  const opened = await StreamlitPage.open(t, running.socketUrl)
  const { handle, base } = await handleOf(opened, 'dev@example.com')
  assert.equal(await call(base, `${handle}A`), 401)
  opened.socket.terminate()
  await eventually('it is over', async () => (await call(base, handle)) === 401)
})
