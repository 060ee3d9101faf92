import assert from 'node:assert/strict'
import { test } from 'node:test'

import { array, assert as check, constantFrom, property } from 'fast-check'
import { returnTarget, type ReturnRules } from '../../../../internal/auth/login/return-target.ts'

const rules: ReturnRules = {
  publicOrigin: 'https://app.example.com',
  rootPath: '',
  never: ['/oauth2', '/auth/login', '/auth/logout', '/_stcore', '/api', '/__fluxlit'],
}

const bad: Readonly<Record<string, readonly string[]>> = {
  'attack 31': ['//evil.test', '///evil.test', '////evil.test'],
  'attack 32': ['/\\evil.test', '\\\\evil.test', '/%5cevil.test', '/%5Cevil.test', '/a/%5c..'],
  'attack 33': [
    '/%09/evil',
    '/\t/evil',
    '/\n/evil',
    '/\v/evil',
    '/%0a/evil',
    '\t//evil.test',
    ' //evil.test',
    '/ /evil.test',
    '/%0d%0aSet-Cookie:x',
  ],
  'attack 34': [
    '/.//evil.test',
    '/./\\evil',
    '/..//evil',
    '/a/..//evil.test',
    '/%2e%2e//evil.test',
    '/./%2fevil.test',
    '/a/%2f/b',
  ],
  'attack 35': ['https://app.example.com.evil.test/', 'https://evil.test/https://app.example.com'],
  'attack 36': [
    'https://app.example.com@evil.test/',
    '//app.example.com@evil.test/',
    'https://app.example.com/',
  ],
  'attack 37': [
    '/oauth2/sign_out',
    '/oauth2/start?rd=/x',
    '/oauth2',
    '/auth/logout',
    '/_stcore/stream',
    '/api/x',
    '/a/../oauth2/sign_out',
  ],
  'attack 38': [`/${'a'.repeat(1_000_000)}`],
  'what is no path': [
    '',
    'javascript:alert(1)',
    'data:text/html,x',
    'report',
    '?x',
    '#x',
    '/\u0085x',
    '/\u0000',
    '/x\u007f',
  ],
}

for (const [name, targets] of Object.entries(bad)) {
  test(`${name}: leads home`, () => {
    for (const target of targets)
      assert.equal(returnTarget(target, rules), '/', JSON.stringify(target.slice(0, 80)))
  })
}

test('paths of this gateway are returned to, as they were', () => {
  for (const target of [
    '/',
    '/report',
    '/report?year=2026&x=%2F',
    '/a/b#part',
    '/apix',
    '/oauth2x',
    '/caf%C3%A9',
  ])
    assert.equal(returnTarget(target, rules), target)
  assert.equal(returnTarget('/a/./b/../c', rules), '/a/c')
})

test('below a root path nothing else of the host is returned to', () => {
  const below = { ...rules, rootPath: '/tools', never: ['/tools/oauth2'] }
  assert.equal(returnTarget('/tools/report', below), '/tools/report')
  for (const target of ['/', '/other', '/toolsx', '/tools/oauth2/sign_out', '/tools/../x', null])
    assert.equal(returnTarget(target, below), '/tools/', String(target))
})

test('whatever is asked for, a browser stays on this origin', () => {
  const pieces = constantFrom(
    '/',
    '\\',
    '//',
    '.',
    '..',
    '%2f',
    '%5c',
    '%09',
    '\t',
    '\n',
    '@',
    ':',
    'evil.test',
    'https:',
    '?',
    '#',
    '%',
    ';',
    'a',
  )
  check(
    property(array(pieces, { maxLength: 12 }), (parts) => {
      const target = returnTarget(parts.join(''), rules)
      const url = new URL(target, 'https://app.example.com/oauth2/callback')
      assert.equal(url.origin, 'https://app.example.com')
      assert.match(target, /^\/(?!\/)[^\\]*$/)
      // And once more decoded, as some proxies do it.
      const decoded = new URL(
        decodeURI(target.replace(/%(?![0-9a-f]{2})/gi, '%25')),
        'https://app.example.com/',
      )
      assert.equal(decoded.origin, 'https://app.example.com')
    }),
  )
})
