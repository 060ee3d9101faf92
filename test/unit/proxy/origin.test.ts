import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compileOriginRule } from '../../../internal/proxy/origin.ts'

const rule = compileOriginRule('https://Public.example/tools', ['https://Friend.example'])

const cases: readonly (readonly [string | null, string, boolean])[] = [
  [null, 'a', true],
  ['http://a', 'a', true],
  ['http://a:8000', 'a:8000', true],
  ['http://a', 'a:80', true],
  ['https://a', 'a:443', true],
  ['http://A', 'a', true],
  ['http://[::1]:8000', '[::1]:8000', true],
  ['https://public.example', 'inner:8000', true],
  ['HTTPS://friend.EXAMPLE', 'a', true],
  ['https://a', 'a:80', false],
  ['http://a:8000', 'a', false],
  ['http://a.evil', 'a', false],
  ['http://evil', 'a', false],
  ['http://friend.example', 'a', false],
  ['null', 'a', false],
  ['', 'a', false],
  ['a', 'a', false],
  ['http://a/', 'a', false],
  ['ftp://a', 'a', false],
  ['http://a@evil', 'a', false],
  ['http://evil, http://a', 'a', false],
]

for (const [origin, host, allowed] of cases) {
  test(`a page of ${String(origin)} ${allowed ? 'may' : 'may not'} open a socket on ${host}`, () =>
    assert.equal(rule(origin, host), allowed))
}

test('without a public address only the host itself counts', () => {
  const strict = compileOriginRule('', [])
  assert.equal(strict('http://a', 'a'), true)
  assert.equal(strict('https://public.example', 'a'), false)
})
