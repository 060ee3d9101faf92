import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'

import { denialOf, type AccessRules } from '../../../internal/admin/access.ts'
import { Secret } from '../../../internal/config/secret.ts'

const open: AccessRules = { admits: () => true, isWorker: () => false, names: null, password: null }

function status(rules: Partial<AccessRules>, headers: Readonly<Record<string, string>> = {}): number | null {
  const request = new IncomingMessage(new Socket())
  Object.assign(request.headers, headers)
  return denialOf(request, { ...open, ...rules })?.status ?? null
}

function basic(text: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

test('where nothing is demanded everybody may ask', () => {
  assert.equal(status({}), null)
})

test('a peer that is not allowed is refused, whatever it knows', () => {
  assert.equal(status({ admits: () => false, password: new Secret('horse') }, basic('x:horse')), 403)
})

test('only the right password is let in, under any user name', () => {
  const password = new Secret('horse: battery ✓')
  assert.equal(status({ password }, basic('x:horse: battery ✓')), null)
  assert.equal(status({ password }, basic(':horse: battery ✓')), null)
  const wrong = ['x:horse', 'x:', 'horse: battery ✓', '', 'x:horse: battery ✓ ', 'x:HORSE: BATTERY ✓']
  for (const text of wrong) assert.equal(status({ password }, basic(text)), 401, text)
  for (const authorization of ['', 'Basic', 'Basic !!!', 'Bearer horse', `basic  ${'A'.repeat(100_000)}`])
    assert.equal(status({ password }, { authorization }), 401, authorization)
})

test('the answer to a missing password says how to send one', () => {
  const request = new IncomingMessage(new Socket())
  const denial = denialOf(request, { ...open, password: new Secret('x') })
  assert.match(denial?.headers['www-authenticate'] ?? '', /^Basic realm=/)
})

test('a name that somebody else could own is not answered; addresses and our own names are', () => {
  const names = new Set(['gateway.example'])
  const own = [
    '127.0.0.1:9464',
    '[::1]:9464',
    '10.1.2.3',
    'localhost',
    'LOCALHOST:1',
    'a.localhost',
    'gateway.example:9464',
  ]
  for (const host of own) assert.equal(status({ names }, { host }), null, host)
  const foreign = [
    'evil.example',
    'evil.example:9464',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'xlocalhost',
    '',
  ]
  for (const host of foreign) assert.equal(status({ names }, { host }), 421, host)
  assert.equal(status({ names: null }, { host: 'evil.example' }), null)
})
