import assert from 'node:assert/strict'
import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

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
