/** Requests that a page of somebody else makes a browser send. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isForeignRead, isForged } from '../../../internal/auth/cross-site.ts'
import { answerPreflight } from '../../../internal/auth/preflight.ts'
import type { Via } from '../../../internal/auth/identity.ts'
import { compileOriginRule } from '../../../internal/proxy/origin.ts'
import { accessTo, type Asked } from '../../support/access.ts'
import { guarded } from '../../support/auth-front.ts'
import { rule } from '../../support/auth.ts'
import { allFields, field } from '../../support/message.ts'

const isOwnOrigin = compileOriginRule('https://app.example', ['https://portal.example'])
const forged = (asked: Asked, via: Via = 'oidc'): boolean => isForged(accessTo(asked), { via }, isOwnOrigin)
const post = (...lines: readonly string[]): Asked => ({ method: 'POST', target: '/api/x', lines })
const socket = (...lines: readonly string[]): Asked => ({
  target: '/_stcore/stream',
  websocket: true,
  lines,
})
const site = (value: string): string => `Sec-Fetch-Site: ${value}`

test('attack 100: a page of another site changes nothing with the session of whoever looks at it', () => {
  assert(forged(post(site('cross-site'))))
  assert(forged(post(site('cross-site'), 'Origin: https://evil.test')))
  assert(forged(post('Origin: https://evil.test')))
  assert(forged(post('Origin: null')))
  for (const method of ['PUT', 'PATCH', 'DELETE', 'PURGE'])
    assert(forged({ ...post(site('cross-site')), method }), method)
})

test('attack 101: nor does a page of a neighbour below the same domain', () => {
  assert(forged(post(site('same-site'))))
  assert(forged(post(site('same-site'), 'Origin: https://other.example')))
})

test('own pages, and those that were named, act for whoever is signed in', () => {
  assert(!forged(post(site('same-origin'))))
  assert(!forged(post(site('none'))))
  assert(!forged(post('Origin: https://app.example')))
  assert(!forged(post(site('cross-site'), 'Origin: https://portal.example')))
})

test('reading is left to the same-origin policy of browsers', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    assert(!forged({ ...post(site('cross-site'), 'Origin: https://evil.test'), method }), method)
})

test('a session without a word about where it is used from is refused, a password of a program is not', () => {
  assert(forged(post()))
  assert(!forged(post(), 'basic'))
  assert(!forged(post(), 'proxy'))
  assert(forged(post(site('cross-site')), 'basic'))
  assert(forged(post('Origin: https://evil.test'), 'basic'))
})

test('a bearer is never sent by a browser on its own', () => {
  assert(!forged(post(site('cross-site'), 'Origin: https://evil.test'), 'jwt'))
  assert(!forged(post(), 'handle'))
})

test('attack 106, 107: a socket with a session needs an origin of ours', () => {
  assert(forged(socket('Origin: https://evil.test')))
  assert(forged(socket('Origin: null')))
  assert(forged(socket()))
  assert(!forged(socket('Origin: https://app.example')))
  assert(!forged(socket('Origin: https://portal.example')))
  // attack 108: programs send none.
  assert(!forged(socket(), 'jwt'))
})

test('attack 106: a foreign page opens no socket, whatever it brings', async (t) => {
  const { askAs, signer, ui } = await guarded(t)
  const lines = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  const answer = await askAs(signer.token(), 'GET /_stcore/stream', ...lines, 'Origin: https://evil.test')
  assert.equal(answer.status, 403)
  assert.equal(ui.requests.length, 0)
})

test('a preflight reaches no worker, and says yes to pages that were named', async (t) => {
  const { ask, api } = await guarded(t, { config: { allowedOrigins: ['https://portal.example'] } })
  const asks = ['Access-Control-Request-Method: PUT', 'Access-Control-Request-Headers: authorization']
  const named = await ask('OPTIONS /api/x', 'Origin: https://portal.example', ...asks)
  assert.equal(named.status, 200)
  assert.equal(field(named, 'Access-Control-Allow-Origin'), 'https://portal.example')
  assert.equal(field(named, 'Access-Control-Allow-Methods'), 'PUT')
  assert.equal(field(named, 'Access-Control-Allow-Headers'), 'authorization')
  const other = await ask('OPTIONS /api/x', 'Origin: https://evil.test', ...asks)
  assert.equal(other.status, 200)
  assert.equal(field(other, 'Access-Control-Allow-Origin'), undefined)
  assert.equal(api.requests.length, 0)
  assert.equal((await ask('OPTIONS /api/x')).status, 401)
})

test('a preflight to an open address is for the application to answer', async (t) => {
  const { ask, api } = await guarded(t, { auth: { rules: [rule('/api/open', { allow: 'public' })] } })
  await ask('OPTIONS /api/open', 'Origin: https://evil.test', 'Access-Control-Request-Method: PUT')
  assert.equal(api.requests.length, 1)
})

test('a preflight is answered with what was asked and nothing else', () => {
  const request = accessTo({
    method: 'OPTIONS',
    target: '/x',
    lines: ['Origin: https://evil.test', 'Access-Control-Request-Method: PUT'],
  })
  const { preflight } = request.head
  assert(preflight !== null)
  const decision = answerPreflight(request, preflight, isOwnOrigin)
  assert(decision.kind === 'preflight')
  assert.equal(decision.lines.includes('Allow'), false)
})

test('answers for somebody are kept by no shared cache', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n'
  const { askAs, signer } = await guarded(t, { reply: () => `${head}Vary: Accept\r\n\r\n` })
  const answer = await askAs(signer.token(), 'GET /api/x')
  assert.equal(field(answer, 'Cache-Control'), 'private')
  assert.deepEqual(allFields(answer, 'Vary'), ['Accept', 'Cookie, Authorization'])
  const opened = await guarded(t, { reply: () => `${head}Cache-Control: max-age=9\r\n\r\n` })
  const own = await opened.askAs(opened.signer.token(), 'GET /api/x')
  assert.deepEqual(allFields(own, 'Cache-Control'), ['max-age=9'])
})

const read = (lines: readonly string[], via: Via = 'oidc', asked: Partial<Asked> = {}): boolean =>
  isForeignRead(accessTo({ target: '/api/x', worker: 'uvicorn', lines, ...asked }), { via }, isOwnOrigin)

test('where an API changes something when it is read, pages of other sites may not even do that', () => {
  assert(read([site('cross-site')]))
  assert(read([site('same-site')], 'basic'))
  assert(read([site('cross-site'), 'Origin: https://evil.test']))
  assert(!read([site('cross-site')], 'jwt'), 'no browser adds a token')
  assert(!read([site('same-origin')]) && !read([site('none')]) && !read([]))
  assert(!read([site('cross-site'), 'Origin: https://portal.example']))
  assert(
    !read([site('cross-site')], 'oidc', { target: '/report', worker: 'streamlit' }),
    'links lead to pages',
  )
})

test('which is asked of nobody unless it is wanted', async (t) => {
  for (const [apiSameOriginGet, status] of [
    [true, 403],
    [false, 200],
  ] as const) {
    const { ask } = await guarded(t, {
      auth: {
        apiSameOriginGet,
        dev: { via: 'session', subject: 'ann', email: null, groups: [], roles: [], scopes: [], claims: {} },
        modes: ['dev'],
      },
    })
    assert.equal((await ask('GET /api/x', site('cross-site'))).status, status)
    assert.equal((await ask('GET /report', site('cross-site'))).status, 200)
    assert.equal((await ask('GET /api/x', site('same-origin'))).status, 200)
  }
})
