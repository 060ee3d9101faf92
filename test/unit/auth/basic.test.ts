import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hashPassword, isPassword, readHash } from '../../../internal/auth/password.ts'
import { Secret } from '../../../internal/config/secret.ts'
import { guarded, told, type Guarded } from '../../support/auth-front.ts'
import { allFields } from '../../support/message.ts'

const hash = await hashPassword('pä sswörd:1')

function opened(
  t: Parameters<typeof guarded>[0],
  modes: readonly ('basic' | 'jwt')[] = ['basic'],
): Promise<Guarded> {
  return guarded(t, {
    auth: {
      modes,
      basic: [
        { name: 'ann', passwordHash: new Secret(hash), email: 'ann@example.com', groups: ['g'], roles: [] },
      ],
    },
  })
}

function basic(name: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

test('a hash says how it was made, and two of one password are different', async () => {
  assert.match(hash, /^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(await hashPassword('x'), await hashPassword('x'))
  const read = readHash(hash)
  assert(read !== null)
  assert.equal(await isPassword('pä sswörd:1', read), true)
  // The same letters in the other spelling of Unicode.
  assert.equal(await isPassword('pä sswörd:1'.normalize('NFD'), read), true)
  assert.equal(await isPassword('pä sswörd:', read), false)
})

test('hashes that are too cheap to guess at, or too dear to check, are none', () => {
  for (const text of [
    '',
    'plain',
    hash.replace('ln=15', 'ln=10'),
    hash.replace('ln=15', 'ln=24'),
    hash.replace('r=8', 'r=1'),
    hash.replace('p=1', 'p=64'),
    `${hash}$`,
    hash.slice(0, -30),
  ])
    assert.equal(readHash(text), null, text)
})

test('name and password are asked for, checked, and kept from the worker', async (t) => {
  const { ask, api } = await opened(t)
  const nobody = await ask('GET /api/x')
  assert.equal(nobody.status, 401)
  assert.deepEqual(allFields(nobody, 'WWW-Authenticate'), [
    'Bearer realm="test"',
    'Basic realm="test", charset="UTF-8"',
  ])
  assert.equal((await ask('GET /api/x', basic('ann', 'pä sswörd:1'))).status, 200)
  assert.equal((await ask('GET /api/x', basic('ann', 'pä sswörd:1'))).status, 200)
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-User'), ['ann'])
  assert.deepEqual(told(api.requests[0], 'X-Forwarded-Email'), ['ann@example.com'])
  assert.deepEqual(told(api.requests[0], 'Authorization'), [])
})

test('a wrong password, an unknown name and nonsense are refused alike', async (t) => {
  const { ask, api } = await opened(t)
  const wrong = [
    basic('ann', 'x'),
    basic('bob', 'pä sswörd:1'),
    basic('', ''),
    'Authorization: Basic ',
    'Authorization: Basic %%',
    'Authorization: Basic YW5u',
  ]
  for (const line of wrong) {
    const answer = await ask('GET /api/x', line)
    assert.equal(answer.status, 401, line)
    assert.match(answer.body, /The name or the password is not right\./)
  }
  assert.equal(api.requests.length, 0)
})

test('whoever guesses too often waits, and the right password is not even looked at meanwhile', async (t) => {
  const { ask } = await opened(t)
  for (let i = 0; i < 20; i++) assert.equal((await ask('GET /api/x', 'Authorization: Basic %')).status, 401)
  assert.equal((await ask('GET /api/x', basic('ann', 'pä sswörd:1'))).status, 429)
})

test('attack 79: a bad credential hides behind no good one', async (t) => {
  const { ask, signer, api } = await opened(t, ['basic', 'jwt'])
  assert.equal((await ask('GET /api/x', 'Authorization: Bearer x')).status, 401)
  assert.equal((await ask('GET /api/x', `Authorization: Bearer ${signer.token()}`)).status, 200)
  assert.equal(api.requests.length, 1)
})
