import assert from 'node:assert/strict'
import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'

const app = `from fastapi import Depends, Request

from fluxlit import FluxLit, Identity, require_identity

app = FluxLit(title="Who")


@app.api.get("/me")
async def me(request: Request, who: Identity = Depends(require_identity)):
    return {
        "text": f"{who.name} in {' and '.join(who.groups)}, signed: {bool(who.claims)}",
        "request": request.headers["x-request-id"],
    }


@app.page("/")
def home(st, client, who: Identity | None):
    st.write(f"The page knows {who.name if who else 'nobody'}")
    answer = client.get("/me").json()
    st.write("The API knows " + answer["text"])
    st.write(f"Same request: {answer['request'] == st.context.headers['X-Request-ID']}")

    @st.fragment
    def part():
        if st.button("Ask again"):
            st.write("Again " + client.get("/me").json()["text"])

    part()
`

const toml = `target = "app:app"

[auth]
modes = ["dev"]

[auth.dev]
as = "Łukasz@example.com:finance,Büro 王"
`

test('page and API of an application object know who is signed in', async (t) => {
  const running = await gateway(t, { files: { 'app.py': app, 'fluxlit.toml': toml } })
  const { url } = await running.ready()
  const page = await openPage(await browser(t))
  const known = 'Łukasz in finance and Büro 王, signed: True'

  await t.test('names arrive exactly, the request id goes from page to API', async () => {
    await page.goto(url)
    await page.getByText('The page knows Łukasz').waitFor()
    await page.getByText(`The API knows ${known}`).waitFor()
    await page.getByText('Same request: True').waitFor()
  })

  await t.test('a part of the page that runs alone asks in the same name', async () => {
    await page.getByRole('button', { name: 'Ask again' }).click()
    await page.getByText(`Again ${known}`).waitFor()
  })

  await t.test('what a client says about itself does not count', async () => {
    const headers = { 'x-forwarded-user': 'eve', 'x-fluxlit-name': 'Eve', 'x-fluxlit-jwt-assertion': 'x.y.z' }
    assert.match((await ask(`${url}/api/me`, { headers })).body, /Łukasz in finance/)
  })
})

const member = `from fastapi import Depends

from fluxlit import FluxLit, Identity, prepare_streamlit_api_client, require_identity

app = FluxLit(title="Members")


@app.api.get("/me")
async def me(who: Identity = Depends(require_identity)):
    return {"text": f"{who.subject} called {who.name}, signed: {bool(who.claims)}"}


@app.page("/")
def home(st, client):
    st.title("Members")

    @st.fragment
    def part():
        if st.button("Ask"):
            api = prepare_streamlit_api_client(st)
            for asked in (client, api):
                answer = asked.get("/me")
                st.write(f"{answer.status_code}: {answer.json().get('text')}")

    part()
`

test("a page calls the API in the name of the gateway's session", async (t) => {
  const provider = await OddProvider.start(t)
  provider.claims['name'] = 'Łukasz 王'
  const files = {
    'app.py': member,
    'fluxlit.toml': `target = "app:app"\n${loginToml({ issuer: provider.issuer })}`,
  }
  const running = await (await gateway(t, { files })).ready()
  const page = await openPage(await browser(t))
  const known = '200: alice called Łukasz 王, signed: True'

  await t.test('whoever comes signs in, and the page asks in their name', async () => {
    await page.goto(running.url)
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByText(known).nth(1).waitFor()
  })

  await t.test('the handle of the page is in no log and is of no use from outside', async () => {
    assert.ok(!running.output.includes('flxs_'))
    const headers = { authorization: 'Bearer flxs_made_up', accept: 'application/json' }
    const refused = await ask(`${running.url}/api/me`, { headers })
    assert.equal(refused.status, 401)
    // By these two the package tells an ended session from a refusal of the application.
    assert.equal(refused.headers['content-type'], 'application/problem+json')
    assert.match(refused.body, /"code":"unauthenticated"/)
  })
})
