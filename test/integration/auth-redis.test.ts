import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { Redis } from '../support/redis.ts'

interface Pair {
  readonly provider: OddProvider
  readonly redis: Redis
  readonly one: Gateway
  readonly two: Gateway
}

/** Two gateways that share sessions in Redis. */
async function pair(t: TestContext, workers: string, files: Readonly<Record<string, string>>): Promise<Pair> {
  const [provider, redis] = [await OddProvider.start(t), await Redis.start(t)]
  const session = 'store = "redis"\nredis_url_env = "REDIS_URL"\nsecrets_env = "SESSION_SECRETS"'
  const toml = `name = "shop"\n${workers}` + loginToml({ issuer: provider.issuer, session })
  const env = { REDIS_URL: redis.url, SESSION_SECRETS: randomBytes(32).toString('base64url') }
  const started = [await gateway(t, { toml, files, env }), await gateway(t, { toml, files, env })]
  const [one, two] = await Promise.all(started.map((running) => running.ready()))
  if (one === undefined || two === undefined) throw new Error('two were started')
  return { provider, redis, one, two }
}

const site = '[workers.site]\nroot = "site"\nmount = "/"\n'
const pages = { 'site/index.html': '<h1>site</h1>' }

/** Somebody who signed in at one gateway, as the other one sees them. */
async function signedIn(
  { provider, one, two }: Pair,
  accessLifetime = 3600,
): Promise<readonly [GatewayVisitor, GatewayVisitor]> {
  const [here, there] = [new GatewayVisitor(one.url), new GatewayVisitor(two.url)]
  provider.accessLifetime = accessLifetime
  await here.arrive('/oauth2/start')
  provider.accessLifetime = 3600
  for (const [name, value] of here.cookies) there.cookies.set(name, value)
  return [here, there]
}

test('two gateways on one Redis', async (t) => {
  const both = await pair(t, site, pages)
  const { provider, redis, one, two } = both

  await t.test('who signs in at one is signed in at both', async () => {
    const [, there] = await signedIn(both)
    assert.equal((await there.open('/')).status, 200)
  })

  await t.test(
    'attack 86, 87: of 200 requests at the end of a token one renews it, and all pass',
    async () => {
      const [here, there] = await signedIn(both, 0)
      const before = provider.renewals
      const visitors = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? here : there))
      const statuses = await Promise.all(visitors.map(async (visitor) => (await visitor.open('/')).status))
      assert.deepEqual(new Set(statuses), new Set([200]))
      assert.equal(provider.renewals - before, 1)
      assert.equal(provider.sawReuse, false)
    },
  )

  await t.test('a gateway that is stopped for 20 seconds while it renews loses nobody', async () => {
    const [here, there] = await signedIn(both, 0)
    const before = provider.renewals
    const gate = Promise.withResolvers<void>()
    provider.odd.tokenGate = gate.promise
    const asked = here.open('/')
    await eventually('it asks the provider', () => provider.waiting === 1)
    process.kill(one.pid, 'SIGSTOP')
    const stoppedAt = performance.now()
    try {
      gate.resolve()
      await eventually('the provider has answered', () => provider.renewals === before + 1)
      // The other one waits ten seconds for it, again and again, and goes on with what it knows.
      while (performance.now() - stoppedAt < 20_000) assert.equal((await there.open('/')).status, 200)
    } finally {
      process.kill(one.pid, 'SIGCONT')
    }
    assert.equal((await asked).status, 200)
    provider.behave()
    assert.equal((await there.open('/')).status, 200)
    assert.equal((await here.open('/')).status, 200)
    assert.equal(provider.renewals, before + 1)
    assert.equal(provider.sawReuse, false)
  })

  await t.test('attack 96: while Redis hangs nobody is signed in or out, and then all goes on', async () => {
    const [here, there] = await signedIn(both)
    redis.freeze()
    const answer = await there.open('/')
    assert.equal(answer.status, 503)
    assert.ok(Number(answer.headers['retry-after']) > 0)
    assert.equal(answer.headers['set-cookie'], undefined)
    redis.thaw()
    await eventually('it goes on', async () => (await there.open('/')).status === 200)
    assert.equal((await here.open('/')).status, 200)
  })

  await t.test('no secret of it stands in a log', () => {
    for (const running of [one, two]) assert.doesNotMatch(running.output, /SESSION_SECRETS|eyJ|v1\.[\w-]{43}/)
  })
})

test('attack 110: signing out at one gateway ends the sockets at the other', async (t) => {
  const both = await pair(t, '[workers.api]\napp = "api:app"\nmount = "/"\n', { 'api.py': app('api.py') })
  const [here, there] = await signedIn(both)
  const headers = { cookie: there.cookie, origin: both.two.url }
  const socket = new WebSocket(`${both.two.socketUrl}/echo`, { headers })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await here.ask('/oauth2/sign_out', { method: 'POST', headers: { origin: both.one.url } })
  assert.equal(await closed, 4401)
})
