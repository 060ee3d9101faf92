import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'

import { eventually } from '../../../support/eventually.ts'
import { LoginDesk, origin } from '../../../support/login-desk.ts'
import { OddProvider } from '../../../support/odd-provider.ts'

test('signing out', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider)
  const signedIn = async () => {
    const visitor = desk.visitor()
    await visitor.signIn()
    return visitor
  }

  await t.test('ends the session, revokes the refresh token and leads to the provider', async () => {
    const visitor = await signedIn()
    const before = provider.revoked.length
    const out = await visitor.ask('/oauth2/sign_out', {
      method: 'POST',
      lines: ['Sec-Fetch-Site: same-origin'],
    })
    assert.equal(out.status, 303)
    const asked = new URL(out.location)
    assert.equal(asked.origin + asked.pathname, `${provider.issuer}/end_session`)
    assert.equal(asked.searchParams.get('post_logout_redirect_uri'), `${origin}/oauth2/signed_out`)
    assert.ok((asked.searchParams.get('id_token_hint') ?? '').length > 100)
    assert.equal(visitor.cookies.size, 0)
    await eventually('its tokens are revoked', () => provider.revoked.length > before)
  })

  await t.test('works by Streamlit’s own way, as a navigation from a page of ours', async () => {
    const visitor = await signedIn()
    const lines = ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: navigate']
    const out = await visitor.ask('/auth/logout', { lines })
    // A page of ours takes the place of Streamlit's before the provider is asked.
    assert.equal(out.status, 200)
    assert.match(out.body, /content="0;url=[^"]*\/end_session/)
    assert.equal(visitor.cookies.size, 0)
  })

  await t.test(
    'attack 99: an image on another site does not do it, and a typed address asks first',
    async () => {
      const visitor = await signedIn()
      for (const lines of [
        ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'],
        ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate'],
        ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: navigate'],
        ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate'],
        [],
      ]) {
        const answer = await visitor.ask('/oauth2/sign_out', { lines })
        assert.equal(answer.status, 200)
        assert.match(answer.body, /method="post"/)
      }
      assert.equal(await visitor.subject(), 'alice')
    },
  )

  await t.test('attack 100, 101: a form of another site, or of a neighbour, does not do it', async () => {
    const visitor = await signedIn()
    for (const lines of [
      ['Sec-Fetch-Site: cross-site'],
      ['Sec-Fetch-Site: same-site'],
      ['Origin: https://evil.test'],
      [],
    ]) {
      const answer = await visitor.ask('/oauth2/sign_out', { method: 'POST', lines })
      assert.equal(answer.code, 'cross_site')
    }
    assert.equal(await visitor.subject(), 'alice')
  })

  await t.test('attack 131: leads where the configuration says, whatever the request says', async () => {
    const visitor = await signedIn()
    const target = '/oauth2/sign_out?post_logout_redirect_uri=https://evil.test&rd=https://evil.test'
    const out = await visitor.ask(target, { method: 'POST', lines: ['Sec-Fetch-Site: same-origin'] })
    assert.ok(!out.location.includes('evil.test'))
  })

  await t.test('twice is as good as once', async () => {
    const visitor = await signedIn()
    const how = { method: 'POST', lines: ['Sec-Fetch-Site: same-origin'] }
    await visitor.ask('/oauth2/sign_out', how)
    assert.equal((await visitor.ask('/oauth2/sign_out', how)).location, '/oauth2/signed_out')
  })
})

test('a provider that signs somebody out of everything', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider, { oidc: { backchannelEverywhere: true } })
  const people = [desk.visitor(), desk.visitor(), desk.visitor()] as const
  const [one, two, other] = people
  await one.signIn()
  const sid = provider.lastSid
  await two.signIn()
  provider.subject = 'bob'
  await other.signIn()
  const answer = await desk.visitor().ask('/oauth2/backchannel-logout', {
    method: 'POST',
    body: `logout_token=${await provider.logoutToken({ sub: 'alice', sid })}`,
  })
  assert.equal(answer.status, 200)
  assert.deepEqual(await Promise.all(people.map((each) => each.subject())), ['rejected', 'rejected', 'bob'])
})

test('a provider that signs somebody out', async (t) => {
  const provider = await OddProvider.start(t)
  const desk = LoginDesk.open(t, provider)
  const send = (token: string, body?: string) =>
    desk.visitor().ask('/oauth2/backchannel-logout', {
      method: 'POST',
      lines: ['Content-Type: application/x-www-form-urlencoded'],
      body: body ?? `logout_token=${token}`,
    })
  const signedIn = async () => {
    const visitor = desk.visitor()
    await visitor.signIn()
    return { visitor, sid: provider.lastSid }
  }

  await t.test('ends the session it names', async () => {
    const { visitor, sid } = await signedIn()
    const { visitor: other } = await signedIn()
    const answer = await send(await provider.logoutToken({ sid }))
    assert.equal(answer.status, 200)
    assert.match(answer.lines, /no-store/)
    assert.equal(await visitor.subject(), 'rejected')
    assert.equal(await other.subject(), 'alice')
  })

  await t.test('ends all sessions of a person when it names none', async () => {
    const [{ visitor: one }, { visitor: two }] = [await signedIn(), await signedIn()]
    assert.equal((await send(await provider.logoutToken({ sub: 'alice' }))).status, 200)
    assert.equal(await one.subject(), 'rejected')
    assert.equal(await two.subject(), 'rejected')
  })

  await t.test('attack 124, 127, 129: and is not to be believed', async (s) => {
    const { visitor, sid } = await signedIn()
    const now = Math.floor(Date.now() / 1000)
    const event = 'http://schemas.openid.net/event/backchannel-logout'
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const cases: Readonly<Record<string, Promise<string>>> = {
      'without signature': provider.logoutToken({ sid }, { alg: 'none' }),
      'with a secret': provider.logoutToken({ sid }, { alg: 'HS256' }, Buffer.alloc(32, 1)),
      'of another key': provider.logoutToken({ sid }, {}, privateKey),
      'for another client': provider.logoutToken({ sid, aud: 'other' }),
      'of another issuer': provider.logoutToken({ sid, iss: 'https://other.example' }),
      'without event': provider.logoutToken({ sid, events: undefined }),
      'with another event': provider.logoutToken({ sid, events: { 'http://x': {} } }),
      'with an event that is no object': provider.logoutToken({ sid, events: { [event]: true } }),
      'with a nonce': provider.logoutToken({ sid, nonce: 'x' }),
      'that is a day old': provider.logoutToken({ sid, iat: now - 86_400 }),
      'that is over': provider.logoutToken({ sid, exp: now - 120 }),
      'without id': provider.logoutToken({ sid, jti: undefined }),
      'that is an ID token': provider.logoutToken(
        { sid, sub: 'alice', events: undefined, nonce: 'x' },
        { typ: 'JWT' },
      ),
      'that is an access token': provider.logoutToken({ sid }, { typ: 'at+jwt' }),
      'that is no token': Promise.resolve('x'),
    }
    for (const [name, token] of Object.entries(cases))
      await s.test(name, async () => {
        const answer = await send(await token)
        assert.equal(answer.status, 400)
        assert.match(answer.body, /invalid_request/)
        assert.equal(await visitor.subject(), 'alice')
      })
  })

  await t.test('attack 125: needs a person or a session; one that is not known is fine', async () => {
    assert.equal((await send(await provider.logoutToken())).status, 400)
    assert.equal((await send(await provider.logoutToken({ sid: 'unknown' }))).status, 200)
  })

  await t.test('attack 126: with a token that was used before ends nothing', async () => {
    const { sid } = await signedIn()
    const token = await provider.logoutToken({ sid })
    assert.equal((await send(token)).status, 200)
    assert.equal((await send(token)).status, 400)
  })

  await t.test('attack 130: has to mean one session when it names a person too', async () => {
    const { visitor, sid } = await signedIn()
    assert.equal((await send(await provider.logoutToken({ sid, sub: 'mallory' }))).status, 200)
    assert.equal(await visitor.subject(), 'alice')
    assert.equal((await send(await provider.logoutToken({ sid, sub: 'alice' }))).status, 200)
    assert.equal(await visitor.subject(), 'rejected')
  })

  await t.test('attack 128: has to post a small form', async () => {
    const asked = await desk.visitor().ask('/oauth2/backchannel-logout?logout_token=x')
    assert.equal(asked.status, 405)
    assert.equal((await send('', '{"logout_token":"x"}')).status, 400)
    assert.equal((await send('', `logout_token=${'x'.repeat(1024 * 1024)}`)).status, 413)
    assert.equal((await send('', 'logout_token=a&logout_token=b')).status, 400)
  })
})

test('attack 132: what a page of ours learns about the person, others do not', async (t) => {
  const desk = LoginDesk.open(t, await OddProvider.start(t))
  const visitor = desk.visitor()
  assert.equal((await visitor.ask('/oauth2/userinfo')).status, 401)
  await visitor.signIn()
  const own = await visitor.ask('/oauth2/userinfo', { lines: ['Sec-Fetch-Site: same-origin'] })
  const told: Record<string, unknown> = JSON.parse(own.body)
  assert.equal(told['email'], 'alice@example.com')
  assert.equal(told['user'], 'alice')
  assert.ok(!/token|secret/i.test(own.body))
  assert.ok(!/Access-Control/i.test(own.lines))
  for (const site of ['cross-site', 'same-site'])
    assert.equal((await visitor.ask('/oauth2/userinfo', { lines: [`Sec-Fetch-Site: ${site}`] })).status, 403)
})

test('another proxy may ask whether somebody is signed in', async (t) => {
  const desk = LoginDesk.open(t, await OddProvider.start(t))
  const visitor = desk.visitor()
  assert.equal((await visitor.ask('/oauth2/auth')).status, 401)
  await visitor.signIn()
  const answer = await visitor.ask('/oauth2/auth')
  assert.equal(answer.status, 204)
  assert.match(answer.lines, /X-Auth-Request-Email: alice@example.com\r\n/)
})
