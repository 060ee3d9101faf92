import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { RedisConnection } from '../../internal/auth/session/redis-connection.ts'
import { askRate } from '../../internal/auth/session/redis-rate.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, type Answer } from '../support/http.ts'
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

const open = '[[auth.rules]]\npath = "/**"\nallow = "public"'

/** Two gateways on one Redis where people log in. @param limits further lines of `[limits]` */
async function pair(
  t: TestContext,
  redis: Redis,
  provider: OddProvider,
  { modes = [], auth = '', limits = '' }: { modes?: readonly string[]; auth?: string; limits?: string },
): Promise<readonly [Gateway, Gateway]> {
  const toml =
    `name = "shop"\n[workers.site]\nroot = "site"\nmount = "/"\n[limits]\n${limits}\n` +
    loginToml({
      issuer: provider.issuer,
      modes,
      auth,
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
  const limits = `rate = "${burst}/h"`
  const both = await pair(t, redis, await OddProvider.start(t), { auth: open, limits })
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

test('limits.rate by user on two gateways with one Redis counts every person once', async (t) => {
  const [redis, provider] = [await Redis.start(t), await OddProvider.start(t)]
  const both = await pair(t, redis, provider, { limits: `rate = "${burst}/h"\nrate_by = "user"` })
  const [one, two] = both
  for (const subject of ['alice', 'bob']) {
    provider.subject = subject
    const [here, there] = [new GatewayVisitor(one.url), new GatewayVisitor(two.url)]
    assert.equal((await here.arrive('/oauth2/start?rd=/')).status, 200)
    for (const [name, value] of here.cookies) there.cookies.set(name, value)
    const asked = Array.from({ length: 15 }, () => [here.open('/'), there.open('/')]).flat()
    const answers = await Promise.all(asked)
    // The first page was the one after the login.
    assert.equal(passed(answers), burst - 1, subject)
    assertLate(answers)
  }
})

/** One wrong token at a gateway. */
function attempt({ url }: Gateway): Promise<Answer> {
  return ask(`${url}/`, { headers: { authorization: 'Bearer wrong' } })
}

test('failed attempts on two gateways with one Redis', async (t) => {
  const [redis, provider] = [await Redis.start(t), await OddProvider.start(t)]
  const auth =
    '[auth.jwt]\nissuer = "https://idp.test"\naudience = ["x"]\nhs256_secret_env = "SESSION_SECRETS"'
  const both = await pair(t, redis, provider, { modes: ['jwt'], auth })
  await t.test('whoever failed too often at both has to wait at both', async () => {
    const seen = both.map(() => ({ failed: 0, late: 0 }))
    while (seen.some(({ late }) => late === 0))
      for (const [index, one] of both.entries()) {
        const { status, headers } = await attempt(one)
        const of = seen[index]
        assert.ok(of !== undefined && (status === 401 || status === 429), String(status))
        if (status === 401) of.failed += 1
        else {
          of.late += 1
          assert.equal(headers['retry-after'], '1')
        }
        assert.ok(of.failed < 20, 'each would have allowed twenty alone')
      }
  })

  await t.test('Redis knows no address of it', async () => {
    const connection = await connected(t, redis)
    const keys = await connection.send(['KEYS', '*:r:*'])
    assert.ok(Array.isArray(keys) && keys.length === 1)
    assert.match(String(keys[0]), /:r:[\w-]{43}$/)
  })

  await t.test('while Redis is gone each counts alone, from what it has seen itself', async () => {
    await redis.stop()
    for (const one of both) {
      const statuses: number[] = []
      while (statuses.at(-1) !== 429) statuses.push((await attempt(one)).status)
      assert.ok(statuses.length < 20, statuses.join(' '))
    }
  })
})

test('an allowance that became smaller in time keeps nobody waiting by the old one', async (t) => {
  const connection = await connected(t, await Redis.start(t))
  const take = (intervalMs: number): Promise<number> =>
    askRate((words) => connection.send(words), 'somebody', { intervalMs, burst: 2 }, 1)
  assert.equal(await take(3_600_000), 0)
  assert.equal(await take(3_600_000), 0)
  const before = await take(3_600_000)
  assert.ok(before > 3_500_000 && before <= 3_600_000)
  const after = await take(60_000)
  assert.ok(after > 0 && after <= 60_000)
})
