import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LoginDesk, origin } from '../../../support/login-desk.ts'
import { OddProvider } from '../../../support/odd-provider.ts'

const sessionCookie = '__Host-fluxlit_session'

test('signing in', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider)

  await t.test('ends where it began, with a session and without the cookie of the attempt', async () => {
    const visitor = desk.visitor()
    const done = await visitor.signIn('/report?year=2026')
    assert.equal(done.status, 303)
    assert.equal(done.location, '/report?year=2026')
    assert.deepEqual([...visitor.cookies.keys()], [sessionCookie])
    assert.equal(await visitor.subject(), 'alice')
  })

  await t.test('asks the provider with everything that makes the answer ours', async () => {
    const begun = await desk.visitor().ask('/oauth2/start')
    const asked = new URL(begun.location).searchParams
    assert.equal(asked.get('code_challenge_method'), 'S256')
    assert.equal(asked.get('redirect_uri'), `${origin}/oauth2/callback`)
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.match(asked.get(name) ?? '', /^[\w-]{43}$/)
  })

  await t.test('keeps nothing in caches and shows nothing in frames (attack 53)', async () => {
    const begun = await desk.visitor().ask('/oauth2/start')
    assert.match(begun.lines, /Cache-Control: no-store\r\n/)
    assert.match(begun.lines, /X-Frame-Options: DENY\r\n/)
    const out = await desk.visitor().ask('/oauth2/signed_out')
    assert.match(out.lines, /frame-ancestors 'none'/)
  })

  await t.test('tells who it is, by the claims that count', async () => {
    const visitor = desk.visitor()
    await visitor.signIn()
    const credential = await visitor.who()
    assert.equal(credential.kind, 'identity')
    if (credential.kind !== 'identity') return
    const { email, name, groups, via } = credential.identity
    assert.deepEqual(
      { email, name, groups, via },
      { email: 'alice@example.com', name: 'Alice', groups: ['staff'], via: 'oidc' },
    )
  })

  await t.test('attack 91: has a new id after every login, and the one before is of no use', async () => {
    const visitor = desk.visitor()
    await visitor.signIn()
    const before = visitor.cookies.get(sessionCookie) ?? ''
    const renewals = provider.revoked.length
    await visitor.signIn()
    const after = visitor.cookies.get(sessionCookie) ?? ''
    assert.notEqual(after, before)
    visitor.cookies.set(sessionCookie, before)
    assert.equal(await visitor.subject(), 'rejected')
    assert.ok(provider.revoked.length >= renewals)
    // Planted before a login, it is not taken over.
    const planted = desk.visitor()
    planted.cookies.set(sessionCookie, `v1.${'A'.repeat(43)}`)
    await planted.signIn()
    assert.notEqual(planted.cookies.get(sessionCookie), `v1.${'A'.repeat(43)}`)
  })

  await t.test('attack 90, 110: one sign-out ends a cookie wherever it was copied to', async () => {
    const visitor = desk.visitor()
    await visitor.signIn()
    const copy = desk.visitor()
    copy.cookies.set(sessionCookie, visitor.cookies.get(sessionCookie) ?? '')
    assert.equal(await copy.subject(), 'alice')
    await visitor.ask('/oauth2/sign_out', { method: 'POST', lines: [`Origin: ${origin}`] })
    assert.equal(await copy.subject(), 'rejected')
  })

  await t.test('attack 43: in two tabs at once works in both', async () => {
    const visitor = desk.visitor()
    const [one, two] = [await visitor.comeBack('/one'), await visitor.comeBack('/two')]
    assert.equal((await visitor.ask(two)).location, '/two')
    assert.equal((await visitor.ask(one)).location, '/one')
    assert.equal(await visitor.subject(), 'alice')
  })

  await t.test('attack 44: leaves at most five attempts in a browser', async () => {
    const visitor = desk.visitor()
    for (let tab = 0; tab < 30; tab++) await visitor.ask('/oauth2/start')
    const pending = [...visitor.cookies.keys()].filter((name) => name.includes('_login_'))
    assert.equal(pending.length, 5)
  })

  await t.test('attack 45: with several cookies of the name, the one that is good counts', async () => {
    const visitor = desk.visitor()
    await visitor.signIn()
    const good = visitor.cookies.get(sessionCookie) ?? ''
    visitor.cookies.clear()
    const lines = [`Cookie: ${sessionCookie}=v1.${'B'.repeat(43)}; other=1; ${sessionCookie}=${good}`]
    assert.equal((await visitor.who({ lines })).kind, 'identity')
  })

  await t.test(
    'attack 41: a callback that is loaded again goes home, or offers to sign in, and never fails',
    async () => {
      const visitor = desk.visitor()
      const back = await visitor.comeBack()
      await visitor.ask(back)
      assert.equal((await visitor.ask(back)).location, '/')
      visitor.cookies.clear()
      const calls = provider.tokenCalls.length
      const again = await visitor.ask(back)
      assert.equal(again.status, 403)
      assert.match(again.body, /Sign in again/)
      assert.equal(provider.tokenCalls.length, calls)
    },
  )

  await t.test(
    'attack 51: a browser that keeps no cookies is told so instead of being sent around',
    async () => {
      const visitor = desk.visitor()
      const back = await visitor.comeBack()
      visitor.cookies.clear()
      const done = await visitor.ask(back)
      assert.equal(done.status, 403)
      assert.match(done.body, /keeps cookies/)
    },
  )

  await t.test('again and again within a minute is explained instead of repeated', async () => {
    provider.subject = 'forgetful'
    const visitor = desk.visitor()
    const statuses: number[] = []
    for (let login = 0; login < 6; login++) {
      visitor.cookies.clear()
      statuses.push((await visitor.signIn()).status)
    }
    provider.subject = 'alice'
    assert.deepEqual(statuses, [303, 303, 303, 303, 303, 200])
  })
})

test('a login that did not begin in this browser', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider)

  await t.test(
    'attack 39: without a state, with an empty or with a foreign one, is refused before the provider is asked',
    async () => {
      const visitor = desk.visitor()
      const back = await visitor.comeBack()
      const other = new URL(await desk.visitor().comeBack(), origin).searchParams.get('state')
      const query = new URL(back, origin).searchParams
      for (const state of [null, '', other, 'x', `${query.get('state')}&state=${query.get('state')}`]) {
        const code = query.get('code')
        const answer = await visitor.ask(
          `/oauth2/callback?code=${code}${state === null ? '' : `&state=${state}`}`,
        )
        assert.equal(answer.status, 403, String(state))
      }
      assert.deepEqual(provider.tokenCalls, [])
    },
  )

  await t.test('attack 40: the attacker’s own callback, opened by a victim, signs nobody in', async () => {
    const back = await desk.visitor().comeBack()
    const victim = desk.visitor()
    assert.equal((await victim.ask(back)).status, 403)
    assert.equal(victim.cookies.size, 0)
  })

  await t.test('attack 42: a changed cookie, or one of another attempt, is none', async () => {
    const visitor = desk.visitor()
    const back = await visitor.comeBack()
    const [name = ''] = visitor.cookies.keys()
    const value = visitor.cookies.get(name) ?? ''
    visitor.cookies.set(name, `${value.slice(0, 60)}${value[60] === 'A' ? 'B' : 'A'}${value.slice(61)}`)
    assert.equal((await visitor.ask(back)).status, 403)
    const other = desk.visitor()
    await other.comeBack()
    visitor.cookies.set(name, [...other.cookies.values()][0] ?? '')
    assert.equal((await visitor.ask(back)).status, 403)
  })

  await t.test('attack 95: the cookie of an attempt is no session, and a session no attempt', async () => {
    const visitor = desk.visitor()
    await visitor.ask('/oauth2/start')
    const [login = ''] = visitor.cookies.values()
    visitor.cookies.set(sessionCookie, login)
    assert.equal(await visitor.subject(), 'rejected')
  })

  await t.test('attack 94: a cookie that counts chunks is nothing', async () => {
    const visitor = desk.visitor()
    visitor.cookies.set(`${sessionCookie}_chunks`, '99999999')
    assert.equal(await visitor.subject(), 'none')
    visitor.cookies.set(sessionCookie, 'chunks:99999999')
    assert.equal(await visitor.subject(), 'rejected')
  })

  await t.test(
    'attack 24: under another name is refused; the address to return to is never the request’s',
    async () => {
      const answer = await desk.visitor().ask('/oauth2/start', { host: 'evil.test' })
      assert.equal(answer.status, 421)
      const lines = ['X-Forwarded-Host: evil.test']
      const begun = await desk.visitor().ask('/oauth2/start', { lines })
      assert.equal(new URL(begun.location).searchParams.get('redirect_uri'), `${origin}/oauth2/callback`)
    },
  )

  await t.test('comes too often from one place', async () => {
    let limited = null
    for (let attempt = 0; attempt < 200 && limited === null; attempt++) {
      const answer = await desk.visitor().ask('/oauth2/start', { client: '198.51.100.1' })
      if (answer.status === 429) limited = answer
    }
    assert.equal(limited?.code, 'too_many_requests')
    assert.equal((await desk.visitor().ask('/oauth2/start', { client: '198.51.100.2' })).status, 302)
  })
})

test('a provider that is down', async (t) => {
  const provider = await OddProvider.start(t)
  provider.odd.down = true
  const desk = LoginDesk.open(t, provider)
  const answer = await desk.visitor().ask('/oauth2/start')
  assert.equal(answer.status, 503)
  assert.equal(answer.code, 'auth_unavailable')
})

test('sessions while the provider is down go on, and signing out works', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider)
  const visitor = desk.visitor()
  await visitor.signIn()
  provider.odd.down = true
  assert.equal(await visitor.subject(), 'alice')
  const out = await visitor.ask('/oauth2/sign_out', { method: 'POST', lines: [`Origin: ${origin}`] })
  assert.equal(out.status, 303)
  assert.equal(visitor.cookies.size, 0)
})

test('names and attributes of the cookies', async (t) => {
  const provider = await OddProvider.start(t)

  await t.test('over https only this host can set them', async () => {
    const visitor = LoginDesk.open(t, provider).visitor()
    const done = await visitor.signIn()
    const line = done.setCookies.find((cookie) => cookie.startsWith(sessionCookie)) ?? ''
    assert.match(line, /; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure$/)
    assert.ok(!line.includes('Domain'))
    assert.ok(line.length < 200, `${line.length} characters`)
  })

  await t.test(
    'on plain loopback they have the project’s name for a prefix, below a path that too',
    async () => {
      const plain = { secure: false, rootPath: '/tools/a' }
      const visitor = LoginDesk.open(t, provider, { config: plain }).visitor()
      const begun = await visitor.ask('/oauth2/start')
      assert.match(begun.setCookies[0] ?? '', /^fluxlit_shop-1_login_tools-a_[\w-]{8}=/)
      assert.ok(!begun.lines.includes('Secure'))
    },
  )

  await t.test('a strict one is followed by a page, because a redirect would not carry it', async () => {
    const visitor = LoginDesk.open(t, provider, { session: { sameSite: 'strict' } }).visitor()
    const done = await visitor.signIn('/report')
    assert.equal(done.status, 200)
    assert.match(done.body, /content="0;url=\/report"/)
    assert.match(done.lines, /SameSite=Strict/)
  })
})

test('a page with a button comes first where that is wanted, and keeps where to go', async (t) => {
  const desk = LoginDesk.open(t, await OddProvider.start(t), { config: { signInPage: true } })
  const at = desk.login.endpoints.startLocation('/report?year=2026')
  assert.equal(at, '/oauth2/sign_in?rd=%2Freport%3Fyear%3D2026')
  const page = await desk.visitor().ask(at)
  assert.match(page.body, /href="\/oauth2\/start\?rd=%2Freport%3Fyear%3D2026"/)
  const elsewhere = await desk.visitor().ask('/oauth2/sign_in?rd=//evil.test')
  assert.match(elsewhere.body, /href="\/oauth2\/start\?rd=%2F"/)
})

test('on this machine the other names of it lead to the one the provider knows', async (t) => {
  const desk = LoginDesk.open(t, await OddProvider.start(t), {
    config: { publicOrigin: 'http://127.0.0.1:8000', secure: false },
  })
  const answer = await desk.visitor().ask('/oauth2/start?rd=/x', { host: 'localhost:8000' })
  assert.deepEqual([answer.status, answer.location], [302, 'http://127.0.0.1:8000/oauth2/start?rd=/x'])
  assert.equal((await desk.visitor().ask('/oauth2/start', { host: 'evil.test:8000' })).status, 421)
})
