import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compilePattern, covers, literalPrefix } from '../../../internal/route/path-pattern.ts'

const glob = (text: string) => ({ kind: 'glob', text }) as const

const fits = (text: string, path: string): boolean => compilePattern(glob(text))(path.slice(1).split('/'))

const matching: readonly (readonly [string, string])[] = [
  ['/api/admin', '/api/admin'],
  ['/api/admin', '/api/admin/'],
  ['/api/admin/', '/api/admin'],
  ['/api/*', '/api/x'],
  ['/api/**', '/api'],
  ['/api/**', '/api/a/b/c'],
  ['/**', '/'],
  ['/**', '/a/b'],
  ['/api/*/x', '/api/a/x'],
  ['/api/**/x', '/api/x'],
  ['/api/**/x', '/api/a/b/x'],
  ['/**/x/*', '/a/x/x/b'],
  ['/files/*.json', '/files/a.json'],
  ['/files/a*b*c', '/files/abbc'],
]

const others: readonly (readonly [string, string])[] = [
  ['/api/admin', '/api/admins'],
  ['/api/admin', '/api/Admin'],
  ['/api/admin', '/api/admin/x'],
  ['/api/*', '/api'],
  ['/api/*', '/api/a/b'],
  ['/api/**', '/apix'],
  ['/api/**/x', '/api/x/y'],
  ['/files/*.json', '/files/a.json.exe'],
  ['/files/*.json', '/files/a/b.json'],
  ['/files/a*a', '/files/a'],
]

for (const [pattern, path] of matching) test(`${pattern} is for ${path}`, () => assert(fits(pattern, path)))
for (const [pattern, path] of others)
  test(`${pattern} is not for ${path}`, () => assert(!fits(pattern, path)))

test('an expression is for the whole path', () => {
  const path = compilePattern({ kind: 'regex', text: '/api/v[0-9]+|/x' })
  assert(path(['api', 'v12']))
  assert(path(['x']))
  assert(!path(['api', 'v12', 'y']))
  assert(!path(['y', 'x']))
})

test('a pattern made to be slow is not', () => {
  const slow = `/${'**/a/'.repeat(30)}b`
  assert(!fits(slow, `/${'a/'.repeat(2_000)}c`))
})

test('one pattern covers another only where that is certain', () => {
  for (const [wide, narrow] of [
    ['/**', '/a/**'],
    ['/api/**', '/api/x/*'],
    ['/api/*', '/api/x'],
    ['/api/*', '/api/*.json'],
    ['/api/**/x', '/api/a/x'],
    ['/a*c', '/abc'],
    ['/api/**', '/api'],
  ] as const)
    assert(covers(glob(wide), glob(narrow)), `${wide} ${narrow}`)
  for (const [wide, narrow] of [
    ['/a/**', '/**'],
    ['/api/*', '/api/**'],
    ['/api/x', '/api/*'],
    ['/a*c', '/a*'],
    ['/api/**/x', '/api/**'],
  ] as const)
    assert(!covers(glob(wide), glob(narrow)), `${wide} ${narrow}`)
})

test('what a pattern begins with is told for both kinds', () => {
  assert.deepEqual(literalPrefix({ kind: 'glob', text: '/api/v1/*/x' }), ['api', 'v1'])
  assert.deepEqual(literalPrefix({ kind: 'glob', text: '/**' }), [])
  assert.deepEqual(literalPrefix({ kind: 'regex', text: '/api/v[0-9]/x' }), ['api'])
  assert.deepEqual(literalPrefix({ kind: 'regex', text: '.*' }), [])
})

test('no path and no expression make it look at more than it has to', () => {
  // An engine that goes back tries two to the power of 8000 ways here, and never ends.
  for (const text of ['/(a+)+', '/(a|a)*b', '/(a*)*c', '/([a-z]+)*[.]', '/(.*)*(.*)*x']) {
    const isMeant = compilePattern({ kind: 'regex', text })
    assert(!isMeant(['a'.repeat(8190) + '!']), text)
  }
  assert(compilePattern({ kind: 'regex', text: '/(a+)+' })(['a'.repeat(8190)]))
})
