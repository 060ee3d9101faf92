import assert from 'node:assert/strict'
import { test } from 'node:test'

import { redirectLocation } from '../../../internal/server/redirect.ts'

const to = (host: string | null, target: string, port = 443, base = ''): string | null =>
  redirectLocation({ host, target }, port, base)

test('host and path are kept as sent, the port becomes that of TLS', () => {
  assert.equal(to('App.example', '/a%2Fb?c=%20d&e'), 'https://app.example/a%2Fb?c=%20d&e')
  assert.equal(to('app.example:80', '/'), 'https://app.example/')
  assert.equal(to('app.example:8080', '/', 8443), 'https://app.example:8443/')
  assert.equal(to('[::1]:8080', '/x', 8443), 'https://[::1]:8443/x')
  assert.equal(to('[::1]', '/x'), 'https://[::1]/x')
})

test('the public address counts more than Host, and its path is not added to the one that was sent', () => {
  const base = 'https://app.example:444/tools'
  assert.equal(to('10.0.0.1:8080', '/tools/x', 8443, base), 'https://app.example:444/tools/x')
  assert.equal(to(null, '/x', 8443, base), 'https://app.example:444/x')
  assert.equal(to('a.example', '/x', 8443, 'http://app.example'), 'https://a.example:8443/x')
})

test('a path that begins with two slashes stays a path', () => {
  assert.equal(to('app.example', '//evil.example/x'), 'https://app.example//evil.example/x')
})

test('nothing is made of a host or a target that is none', () => {
  for (const host of [null, '', 'a b', 'a/b', 'evil.example@app.example', 'app.example:99999', 'a\r\nX: y'])
    assert.equal(to(host, '/'), null, String(host))
  for (const target of [
    '',
    '*',
    'http://evil.example/',
    '@evil.example',
    '/a\r\nX: y',
    '/a b',
    '/a\\b',
    '/a#b',
    '/\xe9',
  ])
    assert.equal(to('app.example', target), null, target)
})
