/** Ways to a Redis: TLS, accounts, databases, and one that does not do what it is asked. */

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { digest } from '../../internal/auth/session/key-ring.ts'
import { RedisStore, type RedisStoreOptions } from '../../internal/auth/session/redis-store.ts'
import { StoreUnavailable } from '../../internal/auth/session/store.ts'
import { openssl } from '../support/certificates.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { ownAddress } from '../support/own-address.ts'
import { Redis } from '../support/redis.ts'

interface Opened {
  readonly store: RedisStore
  /** What was said of it, `down NOAUTH` for example. */
  readonly said: string[]
}

function opened(t: TestContext, url: string, given: Partial<RedisStoreOptions> = {}): Opened {
  const said: string[] = []
  const onState = (state: string, reason: string): unknown => said.push(`${state} ${reason}`.trim())
  const store = new RedisStore({ url, ca: null, timeoutMs: 2_000, prefix: 'fluxlit:', onState, ...given })
  t.after(() => store.close())
  return { store, said }
}

const session = () => ({
  sealed: Buffer.from('x'),
  about: Buffer.from('y'),
  expiresAt: Date.now() + 3_600_000,
  idleAt: Date.now() + 3_600_000,
  indexes: [digest('her')],
})

/** Everything a store does, once; resolves with the key of a session that is there. */
async function used(store: RedisStore): Promise<string> {
  const [key, other] = [digest(randomUUID()), digest(randomUUID())]
  await eventually('it is connected', () => store.once(randomUUID(), 1_000))
  await store.create(key, session())
  await store.create(other, session())
  const turn = await store.takeTurn(key, 1_000)
  assert.equal(await store.keepTurn(key, turn ?? { fence: 0 }, 1_000), true)
  assert.equal(await store.replace(key, turn?.fence ?? 0, Buffer.from('z')), true)
  await store.endTurn(key, turn ?? { fence: 0 })
  await store.touch(key, Date.now() + 3_600_000)
  assert.equal(await store.askRate('rate', { intervalMs: 10, burst: 2 }, 1), 0)
  assert.equal(await store.remove(other, 'signed_out'), true)
  assert.deepEqual(await store.find(digest('her')), [key])
  assert.deepEqual(
    (await store.list()).map((listed) => listed.key),
    [key],
  )
  assert.equal(await store.count(), 1)
  return key
}

/** The account of docs/login.md. */
const account =
  'user fluxlit on >s3cr#t! resetchannels ~fluxlit:* &fluxlit:* -@all +ping +hmget +hset +hget +pexpireat +sadd +srem +smembers +del +publish +subscribe +set +get +scan +time +eval +evalsha +select'

/** Redis with that account and no other. */
function guarded(t: TestContext, words: readonly string[] = []): Promise<Redis> {
  const [, ...rules] = account.split(' ')
  return Redis.start(t, ['--user', 'default', 'off', '--user', ...rules, ...words])
}

test('an account that may do no more than docs/login.md says does all that is needed, in any database', async (t) => {
  const redis = await guarded(t)
  const url = `unix://fluxlit:${encodeURIComponent('s3cr#t!')}@${redis.socket}?db=3`
  const { store, said } = opened(t, url)
  const key = await used(store)
  const { store: same } = opened(t, url)
  const heard: unknown[] = []
  same.onRemoved((told, why) => heard.push(told, why))
  await eventually('the other one listens', () => heard.includes(null))
  await store.remove(key, 'ended_by_operator')
  await eventually('it hears of it', () => heard.includes(key) && heard.includes('ended_by_operator'))
  assert.deepEqual(said, [])
  // Another database has another set of sessions.
  const kept = await used(store)
  const { store: elsewhere } = opened(t, url.replace('db=3', 'db=4'))
  await eventually('it is connected', () => elsewhere.once(randomUUID(), 1_000))
  assert.equal(await elsewhere.get(kept), null)
})

test('a Redis that wants to know who asks is named as such, not as one that is away', async (t) => {
  const redis = await guarded(t)
  for (const [url, code] of [
    [redis.url, 'NOAUTH'],
    [`unix://fluxlit:wrong@${redis.socket}`, 'WRONGPASS'],
  ] as const) {
    const { store, said } = opened(t, url)
    await assert.rejects(() => store.get('x'), StoreUnavailable)
    await eventually(`${code} is told`, () => said.includes(`down ${code}`))
  }
})

test('an account that may not do one thing is named as such', async (t) => {
  const redis = await Redis.start(t, [
    '--user',
    'narrow',
    'on',
    '>pw',
    'resetchannels',
    '~fluxlit:*',
    '+@all',
  ])
  const { store, said } = opened(t, `unix://narrow:pw@${redis.socket}`)
  await eventually('the channel is missing', () => said.includes('down NOPERM'))
  const { store: other, said: why } = opened(t, `unix://narrow:pw@${redis.socket}`, { prefix: 'other:' })
  await assert.rejects(
    () => eventually('it answers', async () => (await other.get('x')) === null, 500),
    /never happened/,
  )
  assert.ok(why.includes('down NOPERM'))
  assert.equal(await store.get('x'), null, 'what is allowed goes on')
})

test('a replica is named as such, and used again when it has become the primary', async (t) => {
  const redis = await Redis.start(t, ['--replicaof', '127.0.0.1', '9'])
  const { store, said } = opened(t, redis.url)
  await eventually('it is told', async () => {
    await store.create(digest('a'), session()).catch(() => undefined)
    return said.length > 0
  })
  assert.match(said[0] ?? '', /^down (READONLY|MASTERDOWN)$/)
  await redis.stop()
  await redis.start([])
  await eventually('it is used again', async () => {
    await store.create(digest('a'), session()).catch(() => undefined)
    return said.at(-1) === 'up'
  })
  assert.notEqual(await store.get(digest('a')), null)
})

test('people sign in through a Redis over TLS, with a private authority and an account', async (t) => {
  const [provider, address] = [await OddProvider.start(t), ownAddress()]
  const directory = await freshDirectory(t)
  const [cert, key] = [`${directory}/redis.crt`, `${directory}/redis.key`]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const name = ['-subj', '/CN=redis', '-addext', `subjectAltName=IP:${address}`]
  await openssl('req', '-x509', '-noenc', ...curve, ...name, '-keyout', key, '-out', cert)
  const tls = ['--tls-port', '6380', '--bind', address, '--tls-cert-file', cert, '--tls-key-file', key]
  await guarded(t, [...tls, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'])
  const lines = 'store = "redis"\nredis_url_env = "REDIS_URL"\nsecrets_env = "SESSION_SECRETS"'
  const toml = `[workers.site]\nroot = "site"\nmount = "/"\n${loginToml({ issuer: provider.issuer, session: lines })}`
  const env = {
    REDIS_URL: `rediss://fluxlit:${encodeURIComponent('s3cr#t!')}@${address}:6380/1`,
    SESSION_SECRETS: randomBytes(32).toString('base64url'),
  }
  const files = { 'site/index.html': 'site' }

  await t.test(
    'without its certificate the log says which key is missing, and nobody is let in',
    async (s) => {
      const running = await (await gateway(s, { toml, files, env })).ready()
      assert.equal((await new GatewayVisitor(running.url).arrive('/')).status, 503)
      const line = await running.record('Redis', ({ msg }) => String(msg).startsWith('Redis cannot be used'))
      assert.match(String(line['reason']), /SELF_SIGNED_CERT/)
      assert.match(String(line['hint']), /outbound\.ca_file/)
      assert.equal(running.output.includes('s3cr'), false)
    },
  )

  await t.test('with it they are', async (s) => {
    const trusted = `${toml}[outbound]\nca_file = "${cert}"\n`
    const running = await (await gateway(s, { toml: trusted, files, env })).ready()
    const visitor = new GatewayVisitor(running.url)
    await eventually('they are signed in', async () => (await visitor.arrive('/')).status === 200)
    assert.doesNotMatch(running.output, /Redis cannot be used|s3cr/)
  })

  await t.test('with the wrong password the log says so', async (s) => {
    const trusted = `${toml}[outbound]\nca_file = "${cert}"\n`
    const wrong = { ...env, REDIS_URL: `rediss://fluxlit:guess@${address}:6380` }
    const running = await (await gateway(s, { toml: trusted, files, env: wrong })).ready()
    const line = await running.record('Redis', ({ msg }) => String(msg).startsWith('Redis cannot be used'))
    assert.deepEqual(
      [line['reason'], line['hint']],
      ['WRONGPASS', 'correct user and password in auth.session.redis_url'],
    )
  })
})
