/** The whole login below a prefix of its own and a root path, at a certified provider. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { certifiedProvider } from '../support/certified-provider.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'

test('signing in below a prefix and a root path', async (t) => {
  const place = '/tools/portal/sign-in'
  const provider = await certifiedProvider(t, {
    signsIn: 'erin',
    client: (origin) => ({
      redirect_uris: [`${origin}${place}/callback`],
      post_logout_redirect_uris: [`${origin}${place}/signed_out`],
      backchannel_logout_uri: `${origin}${place}/backchannel-logout`,
    }),
  })
  const toml = `root_path = "/tools"
[workers.api]
app = "api:app"
[workers.site]
root = "site"
mount = "/"
${loginToml({ issuer: provider.issuer, auth: 'prefix = "/portal/sign-in"' })}`
  const files = { 'api.py': app('api.py'), 'site/report.html': '<h1>report</h1>' }
  const running = await (await gateway(t, { toml, files })).ready()
  provider.open(running.url)
  const visitor = new GatewayVisitor(running.url)

  await t.test('a page leads through the login and back to itself', async () => {
    const arrived = await eventually('the provider is found', async () => {
      const answer = await visitor.arrive('/tools/report.html?year=2026')
      return answer.status !== 503 && answer
    })
    assert.deepEqual([arrived.status, arrived.path], [200, '/tools/report.html?year=2026'])
    const { user } = json<{ user: string }>((await visitor.ask(`${place}/userinfo`)).body)
    assert.equal(user, 'erin')
  })

  await t.test('nothing of the login is left at the usual place', async () => {
    for (const path of ['/oauth2/start', '/oauth2/callback', '/oauth2/userinfo'])
      assert.equal((await visitor.ask(`/tools${path}`)).status, 404, path)
    assert.equal((await ask(`${running.url}${place}/token`, { method: 'POST' })).status, 404)
  })

  await t.test('nobody is sent back to the login itself', async () => {
    const [, other] = [visitor, new GatewayVisitor(running.url)]
    const arrived = await other.arrive(`${place}/start?rd=${encodeURIComponent(`${place}/sign_out`)}`)
    assert.equal(arrived.path, '/tools/')
  })

  await t.test('the provider can end the session there, and signing out comes back to there', async () => {
    const backchannel = await ask(`${running.url}${place}/backchannel-logout`, {
      method: 'POST',
      body: 'x=1',
    })
    assert.equal(backchannel.status, 400)
    const out = await visitor.ask(`${place}/sign_out`, { method: 'POST', headers: { origin: running.url } })
    assert.equal(out.status, 303)
    const back = new URL(out.headers.location ?? '').searchParams.get('post_logout_redirect_uri')
    assert.equal(back, `${running.url}${place}/signed_out`)
    assert.match(
      (await visitor.open('/tools/report.html')).headers.location ?? '',
      /^\/tools\/portal\/sign-in\/start\?rd=/,
    )
  })
})
