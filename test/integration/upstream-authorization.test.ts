/** What FastAPI gets as Authorization of people who log in at a provider, through the binary and from real pages. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { StreamlitPage } from '../support/streamlit-page.ts'

const secret = 'the secret of application and gateway'

/** An application as it was written for the predecessor: it checks tokens itself, and knows nothing of a gateway. */
const before = `
from typing import Annotated

from fastapi import Depends

from fluxlit import FluxLit, RequireRoles, StandardClaims

app = FluxLit(title="Before")
bearer = app.make_jwt_bearer()


@app.api.get("/me")
def me(claims: Annotated[StandardClaims, Depends(bearer)]):
    return claims.model_dump()


@app.api.get("/admin")
def admin(claims: Annotated[StandardClaims, Depends(RequireRoles(bearer, "admin"))]):
    return claims.sub


@app.api.get("/audit")
def audit(claims: Annotated[StandardClaims, Depends(RequireRoles(bearer, "auditor"))]):
    return claims.sub


@app.page("/")
def home(st, client):
    answers = [client.get(path) for path in ("/me", "/admin", "/audit")]
    st.text(f"API: {answers[0].json().get('sub')} {[answer.status_code for answer in answers]}")
    st.text(f"Page: {st.context.headers.get('Authorization')}.")
`

test('an application that checks tokens of its own runs unchanged behind a login at the gateway', async (t) => {
  const provider = await OddProvider.start(t)
  provider.claims['roles'] = ['admin']
  const auth = '[auth.headers]\nupstream_authorization = "first_party"'
  const running = await (
    await gateway(t, {
      toml: `target = "app:app"\n${loginToml({ issuer: provider.issuer, auth })}`,
      files: { 'app.py': before },
      env: {
        FLUXLIT_OIDC_BFF_SECRET: secret,
        FLUXLIT_JWT_HS256_SECRET: secret,
        FLUXLIT_JWT_ISSUER: 'fluxlit-bff',
        FLUXLIT_JWT_AUDIENCE: 'fluxlit-app',
      },
    })
  ).ready()
  const visitor = new GatewayVisitor(running.url)
  await visitor.arrive('/oauth2/start')

  await t.test('a call of the browser has a token, with the roles the provider tells', async () => {
    const claims = json<Record<string, unknown>>((await visitor.ask('/api/me')).body)
    assert.deepEqual(
      [claims['sub'], claims['iss'], claims['email'], claims['roles']],
      ['alice', 'fluxlit-bff', 'alice@example.com', ['admin']],
    )
    assert.equal(Number(claims['exp']) - Number(claims['iat']), 300)
    assert.equal((await visitor.ask('/api/admin')).status, 200)
    assert.equal((await visitor.ask('/api/audit')).status, 403)
  })

  await t.test('so has a call of the page, which itself sees none', async () => {
    const page = await StreamlitPage.openAs(t, running, visitor)
    await page.said(/API: alice \[200, 200, 403\]/)
    await page.said(/Page: None\./)
  })

  await t.test('who is not signed in brings none of their own', async () => {
    const own = { authorization: 'Bearer e30.e30.e30' }
    assert.equal((await ask(`${running.url}/api/me`, { headers: own })).status, 401)
    const answer = await visitor.ask('/api/me', { headers: own })
    assert.equal(json<Record<string, unknown>>(answer.body)['sub'], 'alice', 'a session takes its place')
  })

  await t.test('neither secret nor token is in the log', () => {
    assert.doesNotMatch(running.output, new RegExp(`eyJ[\\w-]+\\.|${secret}`))
  })
})

const after = `
import httpx
from fastapi import Request

from fluxlit import FluxLit

app = FluxLit(title="After")


@app.api.get("/seen")
def seen(request: Request):
    return request.headers.get("authorization")


@app.page("/")
def home(st, client):
    answer = client.get("/seen")
    st.text(f"API: {answer.status_code} {answer.json()}.")
    st.text(f"Page: {st.context.headers.get('Authorization')}.")
`

test('the access token of the person goes to the API, as it is now, and to no page', async (t) => {
  const provider = await OddProvider.start(t)
  const auth = '[auth.headers]\nupstream_authorization = "access_token"'
  const toml = `target = "app:app"\n${loginToml({ issuer: provider.issuer, auth })}`
  const running = await (await gateway(t, { toml, files: { 'app.py': after } })).ready()
  const visitor = new GatewayVisitor(running.url)
  provider.accessLifetime = 0
  await visitor.arrive('/oauth2/start')
  provider.odd.tokenAnswer = () => ({ status: 503, body: '{}' })

  await t.test(
    'while there is none that is good the API is not asked, and pages are there all the same',
    async () => {
      assert.equal((await visitor.ask('/api/seen')).status, 503)
      const page = await StreamlitPage.openAs(t, running, visitor)
      await page.said(/API: 503 /)
      await page.said(/Page: None\./)
    },
  )

  await t.test('once there is one both calls have it', async () => {
    provider.behave()
    provider.accessLifetime = 3600
    const token = await eventually('there is a new one', async () => {
      const answer = await visitor.ask('/api/seen')
      return answer.status === 200 && json<string>(answer.body)
    })
    assert.match(token, /^Bearer [0-9a-f-]{36}$/)
    const page = await StreamlitPage.openAs(t, running, visitor)
    await page.said(new RegExp(`API: 200 ${token}\\.`))
    await page.said(/Page: None\./)
  })
})
