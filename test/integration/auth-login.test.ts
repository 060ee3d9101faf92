import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, json, shakeHands } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'

const workers = '[workers.api]\napp = "api:app"\n[workers.site]\nroot = "site"\nmount = "/"\n'
const files = {
  'api.py': app('api.py'),
  'site/index.html': '<h1>site</h1>',
  'site/report.html': '<h1>report</h1>',
}

interface Seen {
  readonly headers: readonly (readonly [string, string])[]
}

function header({ headers }: Seen, name: string): readonly string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}

/** An open socket of somebody signed in. */
async function socketOf(running: Gateway, { cookie }: GatewayVisitor): Promise<WebSocket> {
  const socket = new WebSocket(`${running.socketUrl}/api/echo`, { headers: { cookie, origin: running.url } })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return socket
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', resolve))
}

test('signing in at a provider, through the binary', async (t) => {
  const provider = await OddProvider.start(t)
  const state = await freshDirectory(t)
  const login = loginToml({ issuer: provider.issuer, rest: `[state]\ndir = "${state}"` })
  const toml = `name = "shop"\n${workers}${login}`
  const running = await (await gateway(t, { toml, files })).ready()
  const { url } = running

  await t.test('a page leads to the provider and back to itself, and the API is then open', async () => {
    const visitor = new GatewayVisitor(url)
    const arrived = await visitor.arrive('/report.html?year=2026')
    assert.equal(arrived.path, '/report.html?year=2026')
    assert.match(arrived.body, /report/)
    const seen = json<Seen>((await visitor.ask('/api/seen/x')).body)
    assert.deepEqual(header(seen, 'x-forwarded-user'), ['alice'])
    assert.deepEqual(header(seen, 'x-forwarded-email'), ['alice@example.com'])
    assert.deepEqual(header(seen, 'cookie'), [], 'the session’s cookie is nobody’s business')
  })

  await t.test('attack 104: a script that is signed out gets 401 and no redirect', async () => {
    const answer = await ask(`${url}/api/seen/x`, { headers: { 'sec-fetch-mode': 'cors', accept: '*/*' } })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.location, undefined)
    assert.match(String(answer.headers['content-type']), /problem\+json/)
  })

  await t.test('attack 52: a form that is posted signed out is not sent to the provider', async () => {
    const answer = await ask(`${url}/report.html`, {
      method: 'POST',
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' },
    })
    assert.equal(answer.status, 401)
  })

  await t.test('attack 92, 93: a cookie that is not ours is taken back', async () => {
    const visitor = new GatewayVisitor(url)
    await visitor.arrive('/')
    const [name = '', value = ''] = [...visitor.cookies][0] ?? []
    for (const wrong of [`${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`, 'v1.x', 'x']) {
      visitor.cookies.set(name, wrong)
      const answer = await visitor.ask('/api/seen/x')
      assert.equal(answer.status, 401)
      assert.equal(visitor.cookies.size, 0)
    }
  })

  await t.test('attack 100: a page of another site does nothing in anybody’s name', async () => {
    const visitor = new GatewayVisitor(url)
    await visitor.arrive('/')
    const post = (headers: Record<string, string>) => visitor.ask('/api/seen/x', { method: 'POST', headers })
    assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403)
    assert.equal((await post({ 'sec-fetch-site': 'same-site' })).status, 403)
    assert.equal((await post({ origin: 'https://evil.test' })).status, 403)
    assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 200)
  })

  await t.test('attack 106, 107, 109: sockets need a session and a page of ours', async () => {
    const visitor = new GatewayVisitor(url)
    await visitor.arrive('/')
    const shake = (headers: Record<string, string>) => shakeHands(`${url}/api/echo`, headers)
    const { cookie } = visitor
    const refusals = [
      [{ cookie, origin: 'https://evil.test' }, 403],
      [{ cookie, origin: 'null' }, 403],
      [{ cookie }, 403],
      [{ origin: url }, 401],
    ] as const
    for (const [headers, status] of refusals) {
      const answer = await shake({ ...headers })
      assert.equal(answer.kind === 'refused' && answer.status, status, JSON.stringify(headers))
    }
    const open = await shake({ cookie, origin: url })
    assert.equal(open.kind, 'open')
    if (open.kind === 'open') open.socket.destroy()
  })

  await t.test('attack 110: signing out ends sockets that are open, of this session alone', async () => {
    const [visitor, other] = [new GatewayVisitor(url), new GatewayVisitor(url)]
    await visitor.arrive('/')
    await other.arrive('/')
    const [socket, kept] = [await socketOf(running, visitor), await socketOf(running, other)]
    const closed = closeCode(socket)
    const out = await visitor.ask('/oauth2/sign_out', { method: 'POST', headers: { origin: url } })
    assert.equal(out.status, 303)
    assert.equal(await closed, 4401)
    assert.equal(kept.readyState, WebSocket.OPEN)
    kept.terminate()
    const closing = await running.record(
      'the socket’s line',
      (line) => line['reason'] === 'websocket_not_allowed',
    )
    assert.equal(closing['status'], 101)
  })

  await t.test('attack 111: so does the provider', async () => {
    const visitor = new GatewayVisitor(url)
    await visitor.arrive('/')
    const socket = await socketOf(running, visitor)
    const closed = closeCode(socket)
    const token = await provider.logoutToken({ sid: provider.lastSid })
    const answer = await ask(`${url}/oauth2/backchannel-logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${token}`,
    })
    assert.equal(answer.status, 200)
    assert.equal(await closed, 4401)
  })

  await t.test('attack 16, 128: the endpoints are no way around anything', async () => {
    for (const path of ['/oauth2/../api/seen/x', '/oauth2/%2e%2e/api/seen/x', '/oauth2%2fstart'])
      assert.equal((await ask(url, { target: path })).status, 400, path)
    assert.equal((await ask(`${url}/oauth2/token`, { method: 'POST' })).status, 404)
    assert.equal((await ask(`${url}/oauth2/nothing`)).status, 404)
    const large = 'x'.repeat(1024 * 1024)
    const answer = await ask(`${url}/oauth2/backchannel-logout`, { method: 'POST', body: large })
    assert.equal(answer.status, 413)
  })

  await t.test('the public key of the assertion is there for everybody', async () => {
    const keys = json<{ keys: { kty: string; d?: string }[] }>((await ask(`${url}/oauth2/jwks`)).body)
    assert.deepEqual(
      keys.keys.map(({ kty, d }) => [kty, d]),
      [['EC', undefined]],
    )
  })

  await t.test(
    'a reload keeps who is signed in, and ends sockets that its rules no longer allow',
    async () => {
      const visitor = new GatewayVisitor(url)
      await visitor.arrive('/')
      const socket = await socketOf(running, visitor)
      const closed = closeCode(socket)
      const rule = '[[auth.rules]]\npath = "/api/echo"\ngroups = ["nobody"]\n'
      // Another login, too: its sessions are those of the one before.
      const changed = toml.replace('[auth.session]', '[auth.session]\nlogin_timeout = "5m"')
      await writeFile(join(running.directory, 'fluxlit.toml'), changed + rule)
      running.signal('SIGHUP')
      assert.equal(await closed, 4401)
      assert.equal((await visitor.ask('/api/seen/x')).status, 200)
      await writeFile(join(running.directory, 'fluxlit.toml'), toml)
      running.signal('SIGHUP')
      await eventually('the rule is gone', async () => {
        const again = await shakeHands(`${url}/api/echo`, { cookie: visitor.cookie, origin: url })
        if (again.kind === 'open') again.socket.destroy()
        return again.kind === 'open'
      })
    },
  )

  await t.test('a restart signs nobody out', async (s) => {
    const visitor = new GatewayVisitor(url)
    await visitor.arrive('/')
    await running.stop()
    const port = new URL(url).port
    const again = await gateway(s, { toml: `gateway_port = ${port}\n${toml}`, files, ownPort: true })
    await again.ready()
    assert.equal((await visitor.ask('/api/seen/x')).status, 200)
  })

  await t.test('nothing of it stands in the log, or readable in the file of sessions', () => {
    assert.doesNotMatch(running.output, /eyJ[\w-]+\.|flxs_|v1\.[\w-]{43}|the secret of the client/)
    const kept = readdirSync(state)
      .map((name) => readFileSync(join(state, name), 'latin1'))
      .join('\n')
    assert.ok(kept.includes('SQLite'))
    assert.doesNotMatch(kept, /alice|eyJ/)
  })
})

test('a session that runs out while its page is open ends the socket', async (t) => {
  const provider = await OddProvider.start(t)
  const session = 'absolute_lifetime = "3s"\nidle_timeout = "0s"\nrecheck_sockets_every = "1s"'
  const running = await (
    await gateway(t, { toml: workers + loginToml({ issuer: provider.issuer, session }), files })
  ).ready()
  const visitor = new GatewayVisitor(running.url)
  await visitor.arrive('/')
  const socket = await socketOf(running, visitor)
  assert.equal(await closeCode(socket), 4401)
})

test('a provider that is down when the gateway starts stops nothing but logins', async (t) => {
  const provider = await OddProvider.start(t)
  provider.odd.down = true
  const toml =
    workers +
    loginToml({ issuer: provider.issuer, auth: '[[auth.rules]]\npath = "/api/**"\nallow = "public"' })
  const running = await (await gateway(t, { toml, files })).ready()
  assert.equal((await ask(`${running.url}/api/seen/x`)).status, 200)
  const visitor = new GatewayVisitor(running.url)
  const refused = await visitor.arrive('/')
  assert.equal(refused.status, 503)
  assert.match(refused.body, /identity provider cannot be reached/)
  provider.behave()
  await eventually(
    'it is found',
    async () => (await new GatewayVisitor(running.url).arrive('/')).status === 200,
  )
})

test('workers get the access token of the person where that is wanted, renewed, and never one that is over', async (t) => {
  const provider = await OddProvider.start(t)
  const auth =
    '[auth.headers]\naccess_token = "X-Forwarded-Access-Token"\nupstream_authorization = "access_token"'
  const toml = '[workers.api]\napp = "api:app"\nmount = "/"\n' + loginToml({ issuer: provider.issuer, auth })
  const running = await (await gateway(t, { toml, files })).ready()
  const visitor = new GatewayVisitor(running.url)
  provider.accessLifetime = 0
  await visitor.arrive('/oauth2/start')
  provider.odd.tokenAnswer = () => ({ status: 503, body: '{}' })
  assert.equal((await visitor.ask('/seen/x')).status, 503)
  provider.behave()
  provider.accessLifetime = 3600
  const answer = await eventually('there is a new one', async () => {
    const asked = await visitor.ask('/seen/x', { headers: { 'x-forwarded-access-token': 'forged' } })
    return asked.status === 200 && asked
  })
  const seen = json<Seen>(answer.body)
  const [token] = header(seen, 'x-forwarded-access-token')
  assert.match(token ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(header(seen, 'authorization'), [`Bearer ${token}`])
})
