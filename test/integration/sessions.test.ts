/** Who is signed in, and ending that from the command line: `fluxlit sessions`, with each store. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import type { SessionEntry, SessionsReport } from '../../internal/admin/sessions.ts'
import { app } from '../support/apps.ts'
import { issuer, keyServer, Signer } from '../support/auth.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { Redis } from '../support/redis.ts'
import { verb } from '../support/verb.ts'

const workers = '[workers.api]\napp = "api:app"\nmount = "/"\n[log.audit]\nfile = "audit.log"\n'
const files = { 'api.py': app('api.py') }

/** Somebody who signed in, with a page open. */
interface Guest {
  readonly visitor: GatewayVisitor
  /** Close code of its socket, in time. */
  readonly closed: Promise<number>
}

async function arrives(provider: OddProvider, running: Gateway, subject: string): Promise<Guest> {
  provider.subject = subject
  provider.claims = { ...provider.claims, email: `${subject}@example.com` }
  const visitor = new GatewayVisitor(running.url)
  await visitor.arrive('/oauth2/start')
  return { visitor, ...(await openSocket(running, visitor)) }
}

async function openSocket(running: Gateway, { cookie }: GatewayVisitor): Promise<Pick<Guest, 'closed'>> {
  const socket = new WebSocket(`${running.socketUrl}/echo`, { headers: { cookie, origin: running.url } })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return { closed }
}

async function listed(running: Gateway, ...words: readonly string[]): Promise<readonly SessionEntry[]> {
  const { code, stdout, stderr } = await verb(running, 'sessions', 'list', '--json', ...words)
  assert.equal(code, 0, stderr)
  const report = json<SessionsReport>(stdout)
  assert.equal(report.kind, 'sessions')
  return report.kind === 'sessions' ? report.sessions : []
}

const emails = (sessions: readonly SessionEntry[]): readonly string[] =>
  sessions.map(({ email }) => email ?? '').toSorted()

for (const store of ['memory', 'sqlite'])
  test(`sessions in ${store} are listed and ended`, async (t) => {
    const provider = await OddProvider.start(t)
    const toml =
      workers +
      loginToml({ issuer: provider.issuer, session: `store = "${store}"`, rest: '[state]\ndir = "state"' })
    const running = await (await gateway(t, { toml, files })).ready()
    const alice = await arrives(provider, running, 'alice')
    const again = await arrives(provider, running, 'alice')
    const bob = await arrives(provider, running, 'bob')
    const carol = await arrives(provider, running, 'carol')

    await t.test('all of them, with who has them, since when and with what open', async () => {
      const all = await listed(running)
      assert.deepEqual(emails(all), [
        'alice@example.com',
        'alice@example.com',
        'bob@example.com',
        'carol@example.com',
      ])
      for (const { user, sockets, signed_in_at: since, last_used_at: used, expires_at: end } of all) {
        assert.ok(['alice', 'bob', 'carol'].includes(user ?? ''))
        assert.equal(sockets, 1)
        const [begun, last, over] = [since, used, end].map((time) => Date.parse(time ?? ''))
        assert.ok(
          Math.abs(Date.now() - (begun ?? 0)) < 120_000 && Math.abs(Date.now() - (last ?? 0)) < 120_000,
        )
        assert.ok((over ?? 0) > Date.now() + 11 * 3_600_000)
      }
      assert.deepEqual(emails(await listed(running, '--user', 'BOB@example.com')), ['bob@example.com'])
    })

    await t.test('one by its id, as the audit log has it', async () => {
      const [entry] = await listed(running, '--user', 'bob')
      const audit = readFileSync(join(running.directory, 'audit.log'), 'utf8')
      assert.ok(audit.includes(`"session":"${entry?.id}"`))
      const before = provider.revoked.length
      const { code, stdout } = await verb(running, 'sessions', 'revoke', entry?.id ?? '')
      assert.deepEqual([code, stdout], [0, `ended ${entry?.id} of bob@example.com, 1 socket closed\n`])
      assert.equal(await bob.closed, 4401)
      assert.equal((await bob.visitor.ask('/seen/x')).status, 401)
      await eventually('the provider is told', () => provider.revoked.length === before + 1)
      assert.equal((await verb(running, 'sessions', 'revoke', entry?.id ?? '')).code, 1)
    })

    await t.test('all of one person, and nobody else’s', async () => {
      const { code, stdout } = await verb(running, 'sessions', 'revoke', '--user', 'alice@example.com')
      assert.equal(code, 0)
      assert.match(stdout, /^(ended [\w-]{16} of alice@example.com, 1 socket closed\n){2}$/)
      assert.deepEqual([await alice.closed, await again.closed], [4401, 4401])
      assert.equal((await carol.visitor.ask('/seen/x')).status, 200)
      assert.deepEqual(emails(await listed(running)), ['carol@example.com'])
    })

    await t.test('everybody', async () => {
      assert.equal((await verb(running, 'sessions', 'revoke', '--all')).code, 0)
      assert.equal(await carol.closed, 4401)
      const { code, stdout } = await verb(running, 'sessions', 'list')
      assert.deepEqual([code, stdout], [0, 'nobody is signed in\n'])
    })

    await t.test('which is audited, with who asked and without anything that opens a session', () => {
      const audit = readFileSync(join(running.directory, 'audit.log'), 'utf8')
      const events = audit
        .trim()
        .split('\n')
        .map((line) => json<Record<string, unknown>>(line))
      const ended = events.filter(({ event }) => event === 'sessions.end')
      assert.deepEqual(
        ended.map(({ user, ids, ended: gone }) => [
          user,
          Array.isArray(ids) && ids.length,
          Array.isArray(gone) && gone.length,
        ]),
        [
          [undefined, 1, 1],
          [undefined, 1, 0],
          ['alice@example.com', false, 2],
          [undefined, false, 1],
        ],
      )
      assert.ok(ended.every(({ actor }) => JSON.stringify(actor).startsWith('{"via":"control","uid":')))
      assert.doesNotMatch(audit + running.output, /v1\.[\w-]{43}|flxs_|eyJ/)
    })
  })

test('sessions in Redis are ended at every gateway, and a Redis that is gone is no empty list', async (t) => {
  const [provider, redis] = [await OddProvider.start(t), await Redis.start(t)]
  const session = 'store = "redis"\nredis_url_env = "REDIS_URL"\nsecrets_env = "SESSION_SECRETS"'
  const toml = `name = "shop"\n${workers}${loginToml({ issuer: provider.issuer, session })}`
  const env = { REDIS_URL: redis.url, SESSION_SECRETS: randomBytes(32).toString('base64url') }
  const [one, two] = [await gateway(t, { toml, files, env }), await gateway(t, { toml, files, env })]
  await Promise.all([one.ready(), two.ready()])
  const alice = await arrives(provider, one, 'alice')
  const bob = await arrives(provider, two, 'bob')
  const there = await openSocket(two, alice.visitor)
  assert.deepEqual(emails(await listed(one)), ['alice@example.com', 'bob@example.com'])
  assert.deepEqual(emails(await listed(two)), ['alice@example.com', 'bob@example.com'])

  // Signed in at the other one: only that one can open what the provider has to be told.
  const { code, stdout } = await verb(one, 'sessions', 'revoke', '--user', 'bob')
  assert.equal(code, 0)
  assert.match(stdout, /^ended [\w-]{16} of bob@example.com\n$/)
  assert.equal(await bob.closed, 4401)
  await eventually('the provider is told', () => provider.revoked.length === 1)

  assert.equal((await verb(two, 'sessions', 'revoke', '--user', 'alice')).code, 0)
  assert.deepEqual([await alice.closed, await there.closed], [4401, 4401])
  await eventually('it takes neither token any more', () => new Set(provider.revoked).size === 2)

  await redis.stop()
  for (const words of [['list'], ['revoke', '--all']]) {
    const refused = await verb(one, 'sessions', ...words)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /error\[sessions_unavailable\]: the store of sessions does not answer/)
  }
})

test('where every request shows who asks there are no sessions', async (t) => {
  const keys = await keyServer(t, [new Signer().jwk])
  const toml = `${workers}[auth]\nmodes = ["jwt"]\n[auth.jwt]\nissuer = "${issuer}"\naudience = ["x"]\njwks_url = "${keys.url}"\n`
  const running = await (await gateway(t, { toml, files })).ready()
  const { code, stdout } = await verb(running, 'sessions', 'list')
  assert.deepEqual(
    [code, stdout],
    [0, 'there are no sessions: every request shows who asks (auth.modes: jwt)\n'],
  )
})
