import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { MemoryStore } from '../../../../internal/auth/session/memory-store.ts'
import type { SessionStore } from '../../../../internal/auth/session/store.ts'
import { StoreUnavailable } from '../../../../internal/auth/session/store.ts'
import { eventually } from '../../../support/eventually.ts'
import { LoginDesk, type LoginUnderTest } from '../../../support/login-desk.ts'
import { OddProvider } from '../../../support/odd-provider.ts'

/** A provider whose access tokens are over as soon as they are given. */
async function shortLived(t: TestContext, given: LoginUnderTest = {}) {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider, given)
  const visitor = desk.visitor()
  provider.accessLifetime = 0
  await visitor.signIn()
  provider.accessLifetime = 3600
  return { provider, desk, visitor }
}

test('attack 86: of many requests at the end of a token one renews it, and all pass', async (t) => {
  const { provider, visitor } = await shortLived(t)
  const seen = await Promise.all(Array.from({ length: 200 }, () => visitor.subject()))
  assert.deepEqual(new Set(seen), new Set(['alice']))
  assert.equal(provider.renewals, 1)
  assert.equal(provider.sawReuse, false)
})

test('attack 87: of two gateways on one store one renews it, and the other takes it over', async (t) => {
  const store = new MemoryStore({ most: 10 })
  const secret = randomBytes(32)
  const { provider, visitor, desk } = await shortLived(t, { store, secret })
  const other = LoginDesk.open(t, provider, { store, secret })
  const there = other.visitor()
  for (const [name, value] of visitor.cookies) there.cookies.set(name, value)
  const gate = Promise.withResolvers<void>()
  provider.odd.tokenGate = gate.promise
  const here = Array.from({ length: 20 }, () => visitor.subject())
  await eventually('one asks the provider', () => provider.waiting === 1)
  const elsewhere = Array.from({ length: 20 }, () => there.subject())
  gate.resolve()
  assert.deepEqual(new Set(await Promise.all([...here, ...elsewhere])), new Set(['alice']))
  assert.equal(provider.renewals, 1)
  assert.deepEqual(
    [desk.renewals.filter((outcome) => outcome === 'ok').length, other.renewals],
    [1, ['shared']],
  )
})

test('attack 88: a provider that has trouble signs nobody out', async (t) => {
  const { provider, visitor, desk } = await shortLived(t)
  provider.odd.tokenAnswer = () => ({ status: 503, body: '{"error":"temporarily_unavailable"}' })
  assert.equal(await visitor.subject(), 'alice')
  assert.equal(await visitor.subject(), 'alice')
  // It is not asked again at once.
  assert.equal(provider.tokenCalls.filter(({ grant }) => grant === 'refresh_token').length, 1)
  assert.deepEqual(desk.renewals, ['unavailable'])
  provider.behave()
  await eventually('it is asked again', async () => {
    await visitor.subject()
    return provider.renewals === 1
  })
})

test('attack 89: "invalid_grant" inside a page of a broken proxy is not the provider’s word', async (t) => {
  const { provider, visitor } = await shortLived(t)
  provider.odd.tokenAnswer = () => ({
    status: 502,
    type: 'text/html',
    body: '<html>{"error":"invalid_grant"}</html>',
  })
  assert.equal(await visitor.subject(), 'alice')
  provider.odd.tokenAnswer = () => ({ status: 502, body: '{"error":"invalid_grant"}' })
  assert.equal(await visitor.subject(), 'alice')
})

test('a provider that ends the login ends the session', async (t) => {
  const { provider, visitor, desk } = await shortLived(t)
  provider.odd.tokenAnswer = () => ({ status: 400, body: '{"error":"invalid_grant"}' })
  assert.equal(await visitor.subject(), 'rejected')
  assert.deepEqual(desk.renewals, ['ended'])
  provider.behave()
  assert.equal(await visitor.subject(), 'rejected')
})

test('attack 84: new tokens for somebody else end the session', async (t) => {
  const { provider, visitor } = await shortLived(t)
  provider.odd.idToken = { sub: 'mallory' }
  assert.equal(await visitor.subject(), 'rejected')
})

test('attack 85: after a renewal the groups are those of now', async (t) => {
  const { provider, visitor, desk } = await shortLived(t)
  const changed: string[] = []
  desk.login.listen({ onEnd: () => undefined, onChange: ({ identity }) => changed.push(...identity.groups) })
  provider.claims = { ...provider.claims, groups: ['guests'] }
  const credential = await visitor.who()
  assert.deepEqual(credential.kind === 'identity' && credential.identity.groups, ['guests'])
  assert.deepEqual(changed, ['guests'])
})

test('who may no longer sign in is signed out at the renewal', async (t) => {
  const { provider, visitor } = await shortLived(t, { oidc: { allowedGroups: ['staff'] } })
  provider.claims = { ...provider.claims, groups: ['former'] }
  assert.equal(await visitor.subject(), 'rejected')
})

test('a renewal without an ID token asks for what came from userinfo before', async (t) => {
  const { provider, visitor } = await shortLived(t, { oidc: { userinfo: 'always' } })
  provider.odd.tokens = { id_token: undefined }
  provider.claims = { ...provider.claims, groups: ['moved'] }
  const credential = await visitor.who()
  assert.deepEqual(credential.kind === 'identity' && credential.identity.groups, ['moved'])
})

test('a session that ends while its tokens are renewed stays ended, and the new ones are revoked', async (t) => {
  const { provider, visitor, desk } = await shortLived(t)
  const gate = Promise.withResolvers<void>()
  provider.odd.tokenGate = gate.promise
  const asked = visitor.subject()
  await eventually('it asks the provider', () => provider.waiting === 1)
  await visitor.ask('/oauth2/sign_out', { method: 'POST', lines: ['Sec-Fetch-Site: same-origin'] })
  gate.resolve()
  assert.equal(await asked, 'rejected')
  await eventually('both refresh tokens are revoked', () => provider.revoked.length === 2)
  assert.ok(desk.events.some(({ event }) => event === 'logout'))
})

test('a store that fails just then loses no token', async (t) => {
  const broken = { now: false }
  const inner = new MemoryStore({ most: 10 })
  const store: SessionStore = Object.assign(Object.create(inner), {
    get: (key: string) => inner.get(key),
    create: inner.create.bind(inner),
    touch: inner.touch.bind(inner),
    takeTurn: inner.takeTurn.bind(inner),
    keepTurn: inner.keepTurn.bind(inner),
    endTurn: inner.endTurn.bind(inner),
    onRemoved: inner.onRemoved.bind(inner),
    replace: (key: string, fence: number, sealed: Buffer) => {
      if (broken.now) return Promise.reject(new StoreUnavailable('gone'))
      return inner.replace(key, fence, sealed)
    },
  })
  const { provider, visitor } = await shortLived(t, { store })
  const gate = Promise.withResolvers<void>()
  provider.odd.tokenGate = gate.promise
  const asked = visitor.subject()
  await eventually('it asks the provider', () => provider.waiting === 1)
  broken.now = true
  gate.resolve()
  await eventually('the provider has answered', () => provider.renewals === 1)
  broken.now = false
  assert.equal(await asked, 'alice')
  assert.equal(provider.renewals, 1)
  assert.equal(await visitor.subject(), 'alice')
})

test('a worker gets the token of now for its handle', async (t) => {
  const { provider, visitor, desk } = await shortLived(t)
  const credential = await visitor.who()
  if (credential.kind !== 'identity') throw new Error(credential.kind)
  const handle = desk.login.handleFor(credential.identity) ?? ''
  assert.match(handle, /^flxs_[\w-]{90,120}$/)
  const ask = (lines: readonly string[], internal = true) =>
    desk.visitor().ask('/oauth2/token', { method: 'POST', lines, internal })
  const first = await ask([`Authorization: Bearer ${handle}`])
  assert.equal(first.status, 200)
  const told: Record<string, unknown> = JSON.parse(first.body)
  assert.equal(typeof told['access_token'], 'string')
  assert.ok(Number(told['expires_in']) > 3000)
  assert.equal(provider.renewals, 1)

  await t.test('attack 117: and nobody from outside', async () => {
    assert.equal((await ask([`Authorization: Bearer ${handle}`], false)).code, 'route_not_found')
  })

  await t.test('a handle that was changed or made up is none', async () => {
    for (const wrong of [
      `${handle.slice(0, -4)}AAAA`,
      'flxs_x',
      `flxs_${'A'.repeat(100)}`,
      '',
      'x'.repeat(9000),
    ])
      assert.equal((await ask(wrong === '' ? [] : [`Authorization: Bearer ${wrong}`])).status, 401)
  })

  await t.test('attack 118: nor after the person has signed out', async () => {
    await visitor.ask('/oauth2/sign_out', { method: 'POST', lines: ['Sec-Fetch-Site: same-origin'] })
    assert.equal((await ask([`Authorization: Bearer ${handle}`])).status, 401)
  })
})

test('workers that get the access token get none that is over', async (t) => {
  const { provider, visitor } = await shortLived(t, { accessTokenFor: 'everybody' })
  provider.odd.tokenAnswer = () => ({ status: 500, body: '{}' })
  assert.equal(await visitor.subject(), 'unavailable')
})

test('without a refresh token the session goes on without an access token', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider)
  provider.odd.tokens = { refresh_token: undefined, expires_in: 0 }
  const visitor = desk.visitor()
  await visitor.signIn()
  const credential = await visitor.who()
  if (credential.kind !== 'identity') throw new Error(credential.kind)
  const handle = desk.login.handleFor(credential.identity) ?? ''
  const lines = [`Authorization: Bearer ${handle}`]
  const answer = await desk.visitor().ask('/oauth2/token', { method: 'POST', lines, internal: true })
  assert.deepEqual([answer.status, answer.code], [403, 'no_access_token'])
  assert.equal(await visitor.subject(), 'alice')
})
