/** Who is not signed in: a login for people who look at a page, 401 for everything else. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Decision } from '../../../internal/auth/decision.ts'
import { compileUnauthenticated } from '../../../internal/auth/unauthenticated.ts'
import { readHead } from '../../../internal/exchange/head.ts'
import { isFailure } from '../../../internal/fault/failure.ts'
import { guarded } from '../../support/auth-front.ts'
import { rule } from '../../support/auth.ts'
import { accessTo, type Asked } from '../../support/access.ts'
import { field } from '../../support/message.ts'

const start = '/oauth2/start?rd='
const toLogin = compileUnauthenticated({
  startLocation: (target) => start + encodeURIComponent(target),
  challenges: [],
})

function answerTo(asked: Asked): string {
  const decision = toLogin(accessTo(asked), 'auto', '')
  return shown(decision)
}

function shown(decision: Decision): string {
  if (decision.kind === 'redirect') return decision.location
  if (decision.kind !== 'deny') return decision.kind
  const { code, detail = '', format = 'fitting' } = decision.failure
  return [code, format, detail].filter((part) => part !== '').join(' ')
}

const navigate = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']
const ended = 'Your session has ended. Reload this page to sign in again.'

test('a page that somebody opens leads to the login and back', () => {
  assert.equal(
    answerTo({ target: '/report?id=7&x=a%20b', lines: navigate }),
    `${start}%2Freport%3Fid%3D7%26x%3Da%2520b`,
  )
  assert.equal(answerTo({ target: '/report', lines: ['Accept: text/html'] }), `${start}%2Freport`)
})

test('attack 109: a handshake is refused, never redirected', () => {
  assert.equal(answerTo({ target: '/_stcore/stream', websocket: true }), `unauthenticated text ${ended}`)
})

test('attack 120, 122: what a page of Streamlit fetches is told in words for a person', () => {
  for (const target of [
    '/_stcore/health',
    '/page/_stcore/host-config',
    '/media/abc.png',
    '/static/js/x.js',
    '/component/x/index.html',
  ])
    for (const lines of [[], ['Sec-Fetch-Mode: cors'], navigate])
      assert.equal(answerTo({ target, lines }), `unauthenticated text ${ended}`, target)
})

test('an API answers programs, also when a person asks', () => {
  assert.equal(answerTo({ target: '/api/x', worker: 'uvicorn', lines: navigate }), 'unauthenticated problem')
})

test('attack 52: a form is not sent to the login, where its body would be lost', () => {
  assert.equal(answerTo({ method: 'POST', target: '/x', lines: navigate }), 'unauthenticated fitting')
})

test('attack 104: a call of a script is told 401', () => {
  for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket'])
    assert.equal(
      answerTo({ target: '/x', lines: [`Sec-Fetch-Mode: ${mode}`, 'Accept: text/html'] }),
      'unauthenticated fitting',
      mode,
    )
  assert.equal(
    answerTo({ target: '/x', lines: ['Accept: text/html', 'X-Requested-With: XMLHttpRequest'] }),
    'unauthenticated fitting',
  )
  assert.equal(answerTo({ target: '/x', lines: ['Accept: application/json'] }), 'unauthenticated fitting')
})

test('a frame is told to become a tab', () => {
  const lines = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe']
  assert.match(
    answerTo({ target: '/x', lines }),
    /^unauthenticated html Signing in does not work inside a frame/,
  )
})

test('whoever shows something that is no credential here is a program', () => {
  assert.equal(
    answerTo({ target: '/x', lines: [...navigate, 'Authorization: Basic x'] }),
    'unauthenticated fitting',
  )
})

test('a rule may decide otherwise', () => {
  const asked: Asked = { target: '/api/docs', worker: 'uvicorn', lines: navigate }
  assert.equal(shown(toLogin(accessTo(asked), 'redirect', '')), `${start}%2Fapi%2Fdocs`)
  assert.equal(
    shown(toLogin(accessTo({ ...asked, method: 'POST' }), 'redirect', '')),
    'unauthenticated fitting',
  )
  assert.equal(
    shown(toLogin(accessTo({ target: '/x', lines: navigate }), '401', '')),
    'unauthenticated fitting',
  )
})

test('where nobody can log in there is nowhere to go', async (t) => {
  const { ask } = await guarded(t)
  const answer = await ask('GET /page', ...navigate)
  assert.equal(answer.status, 401)
  assert.match(field(answer, 'Content-Type') ?? '', /^text\/html/)
})

test('attack 121: what Streamlit tells everybody about itself stays inside', async (t) => {
  const { ask, askAs, signer, ui } = await guarded(t)
  assert.equal((await ask('GET /_stcore/metrics')).status, 404)
  assert.equal((await askAs(signer.token(), 'GET /_stcore/metrics')).status, 404)
  assert.equal(ui.requests.length, 0)
})

test('an open address is open also for whoever shows something wrong', async (t) => {
  const { ask, ui } = await guarded(t, { auth: { rules: [rule('/**', { allow: 'public' })] } })
  assert.equal((await ask('GET /page', 'Authorization: Bearer x')).status, 200)
  assert.equal(field(ui.requests[0] ?? { fields: [] }, 'X-Forwarded-User'), undefined)
  assert.equal(field(ui.requests[0] ?? { fields: [] }, 'Authorization'), 'Bearer x')
})

test('the fields that decide are read from the request', () => {
  const head = readHead({
    method: 'OPTIONS',
    target: '/x',
    minor: 1,
    fields: [
      'Host',
      'a',
      'Origin',
      'https://b',
      'Access-Control-Request-Method',
      'PUT',
      'sec-fetch-site',
      'cross-site',
    ],
    framing: { kind: 'none' },
    connection: [],
  })
  assert(!isFailure(head))
  assert.deepEqual(head.preflight, { method: 'PUT', headers: null })
  assert.equal(head.fetch.site, 'cross-site')
})
