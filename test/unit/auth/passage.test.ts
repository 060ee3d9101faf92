/** What goes to a worker, and what comes back from one, beside who asks. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compilePassages } from '../../../internal/auth/passage.ts'
import { identityOf } from '../../../internal/auth/identity.ts'
import { noRequirement } from '../../../internal/auth/rules.ts'
import { cookieValues, withoutCookies } from '../../../internal/exchange/cookies.ts'
import { personal } from '../../../internal/exchange/passage.ts'
import { incomingHead } from '../../../internal/proxy/incoming.ts'
import { compileResponseHeaders } from '../../../internal/proxy/response-headers.ts'
import { accessTo } from '../../support/access.ts'
import { bearerAuth, rule } from '../../support/auth.ts'
import { guarded } from '../../support/auth-front.ts'
import { configuration } from '../../support/front.ts'

const isOwnCookie = (name: string): boolean => name.startsWith('__Host-fluxlit_')
const { headers } = bearerAuth({ kind: 'discovery' })
const passages = compilePassages({
  headers,
  isOwnCookie,
  assertion: null,
  firstParty: null,
  handleFor: () => '',
})
const ann = identityOf({ via: 'oidc', subject: 'ann' })

test('attack 103: a page that prints the cookies it gets prints none of ours', () => {
  const cookie =
    'Cookie: _streamlit_xsrf=1; __Host-fluxlit_session=secret; theme=dark; __Host-fluxlit_login_x=1'
  const request = accessTo({ target: '/', lines: [cookie] })
  assert.equal(passages.of(request, ann, '').cookie, '_streamlit_xsrf=1; theme=dark')
  const only = accessTo({ target: '/', lines: ['Cookie: __Host-fluxlit_session=secret'] })
  assert.equal(passages.of(only, ann, '').cookie, null)
  // Also where nobody had to be known.
  assert.equal(passages.of(only, null, '').cookie, null)
})

test('attack 29: a worker cannot set a cookie of ours, and can set every other', () => {
  const passage = passages.of(
    accessTo({ target: '/' }),
    ann,
    'Set-Cookie: __Host-fluxlit_session=new; Path=/\r\n',
  )
  const answer = {
    status: 200,
    minor: 1 as const,
    fields: [
      'Set-Cookie',
      '__Host-fluxlit_session=evil; Path=/',
      'set-cookie',
      'theme=dark',
      'Content-Length',
      '0',
    ],
    framing: { kind: 'none' } as const,
    connection: [],
    mayOverrun: false,
  }
  const rules = compileResponseHeaders(configuration()).own
  const { lines } = incomingHead(answer, 'id', rules, 'https', passage)
  assert.equal(lines.includes('evil'), false)
  assert.match(lines, /set-cookie: theme=dark\r\n/)
  assert.match(lines, /Set-Cookie: __Host-fluxlit_session=new; Path=\/\r\n/)
})

test('attack 105: no refusal repeats the token or what it says', async (t) => {
  const rules = [rule('/api/**', { requires: { ...noRequirement, roles: ['admin'] } })]
  const { askAs, signer } = await guarded(t, { auth: { rules } })
  const token = signer.token({
    sub: 'very-special-subject',
    email: 'special@example.com',
    email_verified: true,
  })
  for (const lines of [[], ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']])
    for (const used of [token, `${token.slice(0, -4)}AAAA`]) {
      const answer = await askAs(used, 'GET /api/x', ...lines)
      assert.ok(answer.status === 401 || answer.status === 403)
      assert.equal(/special|eyJ|admin/.test(answer.body + JSON.stringify(answer.fields)), false)
    }
})

test('cookies are found under their whole name', () => {
  assert.deepEqual(cookieValues('a=1; aa=2; a=3;a=4; xa=5', 'a'), ['1', '3', '4'])
  assert.equal(
    withoutCookies('a=1; b=2', () => false),
    'a=1; b=2',
  )
  assert.equal(
    withoutCookies('a; b=2', (name) => name === 'a'),
    'b=2',
  )
})

test('a file for one person is kept by no shared cache', () => {
  const passage = passages.of(accessTo({ target: '/x.png' }), ann, '')
  const fields = personal({ passage }, ['Cache-Control', 'public, max-age=60', 'ETag', 'x'])
  assert.deepEqual(fields, [
    'Cache-Control',
    'private, max-age=60',
    'ETag',
    'x',
    'Vary',
    'Cookie, Authorization',
  ])
  assert.deepEqual(personal({ passage: null }, ['ETag', 'x']), ['ETag', 'x'])
  assert.deepEqual(personal({ passage }, []), ['Cache-Control', 'private', 'Vary', 'Cookie, Authorization'])
})

const sent = (via: 'basic' | 'jwt' | 'oidc' | 'handle' | 'proxy'): string | null => {
  const request = accessTo({ target: '/', lines: ['Authorization: Scheme value'] })
  return passages.of(request, identityOf({ via, subject: 'a' }), '').authorization
}

test('credentials of the gateway go no further than here', () => {
  assert.deepEqual([sent('basic'), sent('oidc'), sent('handle')], [null, null, null])
  assert.deepEqual([sent('jwt'), sent('proxy')], ['Scheme value', 'Scheme value'])
})
