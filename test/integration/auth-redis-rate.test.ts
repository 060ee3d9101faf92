import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { RedisConnection } from '../../internal/auth/session/redis-connection.ts'
import { takeRate } from '../../internal/auth/session/redis-rate.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import type { Answer } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { Redis } from '../support/redis.ts'

/** A connection of the test's own. */
async function connected(t: TestContext, redis: Redis): Promise<RedisConnection> {
  const connection = new RedisConnection({
    url: redis.url,
    ca: null,
    timeoutMs: 10_000,
    onState: () => undefined,
  })
  t.after(() => connection.close())
  connection.open('test', () => undefined)
  await eventually('it is connected', async () => (await connection.send(['PING'])) === 'PONG')
  return connection
}

const burst = 10

/** Two gateways on one Redis that let everybody pass, but not often. */
async function pair(t: TestContext, redis: Redis): Promise<readonly [Gateway, Gateway]> {
  const provider = await OddProvider.start(t)
  const toml =
    `[workers.site]\nroot = "site"\nmount = "/"\n[limits]\nrate = "${burst}/h"\n` +
    loginToml({
      issuer: provider.issuer,
      auth: '[[auth.rules]]\npath = "/**"\nallow = "public"',
      session: 'store = "redis"\nredis_url_env = "REDIS_URL"\nsecrets_env = "SESSION_SECRETS"',
    })
  const env = { REDIS_URL: redis.url, SESSION_SECRETS: randomBytes(32).toString('base64url') }
  const files = { 'site/index.html': '<h1>site</h1>' }
  const [one, two] = [await gateway(t, { toml, files, env }), await gateway(t, { toml, files, env })]
  return [await one.ready(), await two.ready()]
}

/** Asks each of them so many times, all at once. */
function askAll(gateways: readonly Gateway[], times: number): Promise<readonly Answer[]> {
  const visitors = gateways.map(({ url }) => new GatewayVisitor(url))
  return Promise.all(Array.from({ length: times }, () => visitors.map((visitor) => visitor.open('/'))).flat())
}

const passed = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 200).length

/** The others are told to wait for some minutes. */
function assertLate(answers: readonly Answer[]): void {
  for (const { status, headers } of answers.filter((answer) => answer.status !== 200)) {
    assert.equal(status, 429)
    const wait = Number(headers['retry-after'])
    assert.ok(wait > 0 && wait <= 360, `Retry-After: ${headers['retry-after']}`)
  }
}

test('limits.rate on two gateways with one Redis', async (t) => {
  const redis = await Redis.start(t)
  const connection = await connected(t, redis)
  const both = await pair(t, redis)
  // Whoever signs in has used Redis, and asked for one page.
  for (const { url } of both)
    assert.equal((await new GatewayVisitor(url).arrive('/oauth2/start?rd=/')).status, 200)

  await t.test('they count together: exactly the burst passes, the rest has to wait', async () => {
    const answers = await askAll(both, 15)
    assert.equal(passed(answers), burst - both.length)
    assertLate(answers)
    for (const { output } of both) assert.doesNotMatch(output, /counted by this gateway alone/)
  })

  await t.test('Redis knows one key for it, without the address, that ends by itself', async () => {
    const keys = await connection.send(['KEYS', '*:r:*'])
    assert.ok(Array.isArray(keys))
    assert.equal(keys.length, 1)
    const key = String(keys[0])
    assert.match(key, /:r:[\w-]{43}$/)
    const ends = Number(await connection.send(['PTTL', key]))
    assert.ok(ends > 0 && ends <= 3_600_000)
  })

  await t.test('while Redis is gone each counts alone, and says so once', async () => {
    await redis.stop()
    for (const one of both) {
      const answers = await askAll([one], 30)
      assert.equal(passed(answers), burst)
      assertLate(answers)
      await eventually('it is said', () => one.output.includes('counted by this gateway alone'))
      assert.equal(one.output.split('counted by this gateway alone').length, 2)
    }
  })

  await t.test('when it is back they count together again', async () => {
    await redis.start()
    // What is counted alone is used up: a page is one that Redis let pass.
    for (const { url } of both) {
      const visitor = new GatewayVisitor(url)
      await eventually('it counts in Redis', async () => (await visitor.open('/')).status === 200)
    }
    const answers = await askAll(both, 15)
    assert.equal(passed(answers), burst - both.length)
    assertLate(answers)
  })

  await t.test('a Redis that hangs keeps nobody waiting, and lets nobody pass more often', async () => {
    redis.freeze()
    const answers = await askAll(both, 2)
    redis.thaw()
    // Both have used up what they count alone.
    assert.equal(passed(answers), 0)
    assertLate(answers)
  })
})

test('an allowance that became smaller in time keeps nobody waiting by the old one', async (t) => {
  const connection = await connected(t, await Redis.start(t))
  const take = (intervalMs: number): Promise<number> =>
    takeRate((words) => connection.send(words), 'somebody', { intervalMs, burst: 2 })
  assert.equal(await take(3_600_000), 0)
  assert.equal(await take(3_600_000), 0)
  const before = await take(3_600_000)
  assert.ok(before > 3_500_000 && before <= 3_600_000)
  const after = await take(60_000)
  assert.ok(after > 0 && after <= 60_000)
})
