import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFailure } from '../../../internal/fault/failure.ts'
import { readTarget } from '../../../internal/route/target.ts'
import type { PathTarget, TargetContext } from '../../../internal/route/target.ts'

const context: TargetContext = { method: 'GET', host: 'a.example:80', scheme: 'http' }

function path(target: string): PathTarget {
  const read = readTarget(target, context)
  if (isFailure(read) || read.kind !== 'path') throw new Error(`no path: ${JSON.stringify(read)}`)
  return read
}

function refusal(target: string, other: Partial<TargetContext> = {}): string {
  const read = readTarget(target, { ...context, ...other })
  return isFailure(read) ? read.code : 'none'
}

test('a plain path is kept as sent, split at slashes, apart from its query', () => {
  assert.deepEqual(path('/a/b?x=/c?d'), {
    kind: 'path',
    raw: '/a/b',
    query: '?x=/c?d',
    segments: ['a', 'b'],
    alternatives: [],
  })
})

test('the root has one empty segment, a trailing slash is one more', () => {
  assert.deepEqual(path('/').segments, [''])
  assert.deepEqual(path('/a/').segments, ['a', ''])
})

test('segments are decoded once, the raw path is not touched', () => {
  const read = path('/%61pi/%252e%252e/%C3%BC')
  assert.deepEqual(read.segments, ['api', '%2e%2e', 'ü'])
  assert.equal(read.raw, '/%61pi/%252e%252e/%C3%BC')
  assert.deepEqual(read.alternatives, [])
})

test('an escaped separator is text in one reading and a separator in the other', () => {
  assert.deepEqual(path('/a%2Fb').segments, ['a/b'])
  assert.deepEqual(path('/a%2Fb').alternatives, [['a', 'b']])
  assert.deepEqual(path('/a%5cb').alternatives, [['a', 'b']])
})

test('double slashes have a reading without them, a trailing one stays', () => {
  assert.deepEqual(path('//a//b/').alternatives, [['a', 'b', '']])
  assert.deepEqual(path('/a%2f/b').alternatives, [
    ['a', '', 'b'],
    ['a', 'b'],
  ])
})

const refused =
  '/%zz /% /%2 /%00 /%1f /%7f /%c0%ae /%ff /a\\b /a#b /a?b#c x @evil :80 ?x http:/x ftp://a.example:80/'
for (const target of [...refused.split(' '), '', '/a b', '/\x80', '/a?\x00', '*']) {
  test(`${JSON.stringify(target)} is no target`, () => assert.equal(refusal(target), 'bad_target'))
}

for (const target of ['/.', '/..', '/a/../b', '/a/./b', '/%2e%2E/b', '/a/.%2e', '/a%2f..', '/a%5c..%5cb']) {
  test(`${target} is ambiguous`, () => assert.equal(refusal(target), 'ambiguous_path'))
}

for (const target of ['/..a', '/a..', '/.hidden', '/...', '/a;x/b', '/a:b@c', '/a?../..', '/a?b%zz']) {
  test(`${target} is not ambiguous`, () => assert.equal(path(target).raw + path(target).query, target))
}

test('the absolute form counts when it names this host and scheme', () => {
  assert.equal(path('http://a.example:80/x?y').raw, '/x')
  assert.equal(path('HTTP://A.Example:80').raw, '/')
  assert.equal(path('http://a.example:80?y').query, '?y')
})

test('the absolute form of anything else is refused', () => {
  for (const target of [
    'http://evil/x',
    'https://a.example:80/x',
    'http://a.example:80@evil/',
    'http:///x',
  ]) {
    assert.equal(refusal(target), 'bad_target', target)
  }
  assert.equal(refusal('http://a/x', { host: null }), 'bad_target')
})

test('an asterisk is for OPTIONS alone', () => {
  assert.deepEqual(readTarget('*', { ...context, method: 'OPTIONS' }), { kind: 'server' })
})
