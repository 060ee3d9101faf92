/** What pages show the workers' own listener where nobody has a session: attacks 117 and 118 of docs/security.md. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { identityOf, type Identity } from '../../../internal/auth/identity.ts'
import { PageHandles, pageAuthenticator } from '../../../internal/auth/page-handles.ts'
import { noRequirement } from '../../../internal/auth/rules.ts'
import { accessTo } from '../../support/access.ts'
import { bearerAuth, rule } from '../../support/auth.ts'
import { assertionOf, guarded, told, type Guarded } from '../../support/auth-front.ts'
import { eventually } from '../../support/eventually.ts'
import type { RawMessage } from '../../support/message.ts'
import type { Wire } from '../../support/raw.ts'

const agreement =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Answers handshakes with 101, but for one page that never agrees. */
function reply({ start, fields }: RawMessage): string {
  const isHandshake = fields.some(([name]) => name.toLowerCase() === 'sec-websocket-key')
  return isHandshake && !start.includes('/refused/') ? agreement : plain
}

/** Opens the socket of a page. @returns its connection, and the handle its worker got */
async function openPage(
  { front, ui, api }: Guarded,
  token: string,
  path = '/_stcore/stream',
  connection?: Wire,
): Promise<{ readonly wire: Wire; readonly handle: string }> {
  const wire = connection ?? (await front.connect())
  wire.send(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'X-Fluxlit-Session-Handle: flxk_of_the_client\r\n\r\n',
  )
  await wire.until('\r\n\r\n')
  const worker = path.startsWith('/api/') ? api : ui
  const [handle = '', ...others] = told(worker.requests.at(-1), 'X-Fluxlit-Session-Handle')
  assert.deepEqual(others, [])
  return { wire, handle }
}

async function callWith({ front }: Guarded, handle: string, path = '/api/x'): Promise<number> {
  const inside = await front.connectInside()
  inside.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${handle}\r\n\r\n`)
  return (await inside.answer()).status
}

test('a page that was opened with a token calls the API as the person, while its socket is open', async (t) => {
  const rules = [
    rule('/api/admin', { requires: { ...noRequirement, roles: ['admin'] } }),
    rule('/api/write', { requires: { ...noRequirement, scopes: ['write'] } }),
  ]
  const under = await guarded(t, { reply, auth: { rules } })
  const { api, ask, front, signer } = under
  const token = signer.token({ sub: 'ann', groups: ['finance'] })
  const { wire, handle } = await openPage(under, token)
  const other = await openPage(under, signer.token({ sub: 'eve' }))
  assert.match(handle, /^flxk_[\w-]{60}$/)

  await t.test('with the headers and the token the person would have come with', async () => {
    assert.equal(await callWith(under, handle), 200)
    const asked = api.requests.at(-1)
    assert.deepEqual(told(asked, 'X-Forwarded-User'), ['ann'])
    assert.deepEqual(told(asked, 'X-Forwarded-Groups'), ['finance'])
    assert.deepEqual(told(asked, 'Authorization'), [`Bearer ${token}`])
    assert.deepEqual([assertionOf(asked)['sub'], assertionOf(asked)['via']], ['ann', 'handle'])
    assert.equal(await callWith(under, other.handle), 200)
    assert.deepEqual(told(api.requests.at(-1), 'X-Forwarded-User'), ['eve'])
  })

  await t.test('and every call is asked for what the rules want', async () => {
    assert.equal(await callWith(under, handle, '/api/admin'), 403)
    // A page is no way around what the token lacks.
    assert.equal(await callWith(under, handle, '/api/write'), 403)
    const writer = await openPage(under, signer.token({ sub: 'job', scope: 'read write' }))
    assert.equal(await callWith(under, writer.handle, '/api/write'), 200)
    writer.wire.reset()
    await eventually('it is forgotten', () => front.sockets.handles.size === 2)
  })

  await t.test('a handle that was made up, changed or put together is none', async () => {
    // The last two bits of the last character say nothing.
    const last = /[A-D]$/.test(handle) ? 'Q' : 'A'
    const wrong = [
      `${handle.slice(0, -1)}${last}`,
      handle.slice(0, 21) + other.handle.slice(21),
      `${handle}A`,
      handle.slice(0, -1),
      'flxk_of_the_client',
      `flxk_${'A'.repeat(60)}`,
      handle.replace('flxk_', 'flxs_'),
      'flxz_x',
    ]
    for (const one of wrong) assert.equal(await callWith(under, one), 401, one)
  })

  await t.test('attack 117: it is of no use from outside, and nobody brings one along', async () => {
    const before = api.requests.length
    assert.equal((await ask('GET /api/x', `Authorization: Bearer ${handle}`)).status, 401)
    assert.equal((await ask('GET /api/x', `X-Fluxlit-Session-Handle: ${handle}`)).status, 401)
    assert.equal(api.requests.length, before)
    const answer = await under.askAs(token, 'GET /api/x', `X-Fluxlit-Session-Handle: ${handle}`)
    assert.equal(answer.status, 200)
    assert.deepEqual(told(api.requests.at(-1), 'X-Fluxlit-Session-Handle'), [])
  })

  await t.test('nothing but the handshake of a Streamlit page gets one', async () => {
    await under.askAs(token, 'GET /page')
    assert.deepEqual(told(under.ui.requests.at(-1), 'X-Fluxlit-Session-Handle'), [])
    const socket = await openPage(under, token, '/api/ws')
    assert.equal(socket.handle, '')
    assert.equal(told(api.requests.at(-1), 'X-Forwarded-User').join(), 'ann')
    assert.deepEqual(told(api.requests.at(-1), 'X-Fluxlit-Session-Handle'), [])
    socket.wire.reset()
  })

  await t.test('a socket that a page opens with its handle brings forth no other', async () => {
    const inside = await openPage(under, handle, '/_stcore/stream', await front.connectInside())
    assert.equal(told(under.ui.requests.at(-1), 'X-Forwarded-User').join(), 'ann')
    assert.equal(inside.handle, '')
    inside.wire.reset()
  })

  await t.test('a handshake that comes to nothing leaves nothing', async () => {
    const { wire: refused, handle: early } = await openPage(under, token, '/refused/_stcore/stream')
    refused.reset()
    assert.match(early, /^flxk_/)
    assert.equal(await callWith(under, early), 401)
    assert.equal(front.sockets.handles.size, 2)
  })

  await t.test('attack 118: with the socket the handle ends, and no other', async () => {
    wire.reset()
    await eventually('it is forgotten', () => front.sockets.handles.size === 1)
    assert.equal(await callWith(under, handle), 401)
    assert.equal(await callWith(under, other.handle), 200)
  })

  await t.test('an address open to everybody does not hand a dead one to the worker', async () => {
    const open = await guarded(t, { reply, auth: { rules: [rule('/api/**', { allow: 'public' })] } })
    assert.equal(await callWith(open, handle), 200)
    assert.deepEqual(told(open.api.requests[0], 'Authorization'), [])
  })
})

test('the bearer of a page is not passed on where bearers are not', async (t) => {
  const { headers } = bearerAuth({ kind: 'discovery' })
  const under = await guarded(t, { reply, auth: { headers: { ...headers, forwardAuthorization: false } } })
  const { handle } = await openPage(under, under.signer.token())
  assert.equal(await callWith(under, handle), 200)
  assert.deepEqual(told(under.api.requests[0], 'Authorization'), [])
})

test('a handle ends with what was shown for it, and follows who its socket is found to be', () => {
  const handles = new PageHandles()
  const { exchange, head } = accessTo({ target: '/_stcore/stream', websocket: true })
  const value = handles.valueFor(exchange)
  assert.equal(handles.valueFor(exchange), value)
  const holder = { request: { head }, identity: identityOf({ via: 'jwt', subject: 'ann', expiresAt: 1_000 }) }
  let now = 0
  const way = pageAuthenticator(handles, () => now)
  const seen = (): Identity | string => {
    const request = accessTo({ target: '/api/x', lines: [`Authorization: Bearer ${value}`], internal: true })
    const credential = way.authenticate(request)
    if (credential instanceof Promise) throw new Error('nobody has to be asked')
    return credential.kind === 'identity' ? credential.identity : credential.kind
  }
  const groups = (): readonly string[] => {
    const identity = seen()
    return typeof identity === 'string' ? [identity] : identity.groups
  }
  assert.equal(seen(), 'rejected')
  handles.open(exchange, holder)
  assert.deepEqual(groups(), [])
  // What is made for an identity is made once.
  assert.equal(seen(), seen())
  holder.identity = { ...holder.identity, groups: ['finance'] }
  assert.deepEqual(groups(), ['finance'])
  now = 1_000
  assert.equal(seen(), 'rejected')
  handles.close(exchange)
  assert.equal(handles.size, 0)
})
