import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HeaderRules } from '../../../internal/config/config.ts'
import {
  compileResponseHeaders,
  dropped,
  type RouteHeaders,
  type Scheme,
} from '../../../internal/proxy/response-headers.ts'

const plain: HeaderRules = {
  hsts: null,
  contentTypeOptions: true,
  referrerPolicy: 'same-origin',
  frames: { kind: 'any' },
  set: [],
  remove: [],
}

function rules(changes: Partial<HeaderRules> = {}, publicBaseUrl = ''): RouteHeaders {
  const headers = { general: { ...plain, ...changes }, workers: {} }
  return compileResponseHeaders({ headers, publicBaseUrl }).own
}

const hsts = { maxAgeS: 60, includeSubdomains: false, preload: false }
const nosniff = 'X-Content-Type-Options: nosniff\r\n'
const referrer = 'Referrer-Policy: same-origin\r\n'

/** What is appended to an answer with these fields. */
function added(
  route: RouteHeaders,
  fields: readonly (readonly [string, string])[],
  scheme: Scheme = 'http',
): string {
  let said = 0
  for (const [name, value] of fields) {
    const verdict = route.judge(name, value)
    if (verdict !== dropped) said |= verdict
  }
  return route.block(scheme, said)
}

test('an answer that says nothing itself gets every line, ended by CR LF', () => {
  assert.equal(added(rules(), [['content-type', 'text/html']]), nosniff + referrer)
  assert.equal(added(rules({ contentTypeOptions: false, referrerPolicy: '' }), []), '')
})

test('HSTS is said on https only', () => {
  const route = rules({ hsts })
  assert.equal(added(route, [], 'https'), `Strict-Transport-Security: max-age=60\r\n${nosniff}${referrer}`)
  assert.equal(added(route, [], 'http'), nosniff + referrer)
})

test('HSTS is said on every answer where the public address is https', () => {
  const route = rules({ hsts: { ...hsts, includeSubdomains: true, preload: true } }, 'https://app.example/x')
  const line = 'Strict-Transport-Security: max-age=60; includeSubDomains; preload\r\n'
  for (const scheme of ['http', 'https'] as const)
    assert.equal(added(route, [], scheme), line + nosniff + referrer)
})

test("the worker's own words about its security count more than ours, in any case of letters", () => {
  const route = rules({ hsts, frames: { kind: 'options', value: 'DENY' } })
  const frame = 'X-Frame-Options: DENY\r\n'
  const transport = 'Strict-Transport-Security: max-age=60\r\n'
  assert.equal(added(route, [['REFERRER-POLICY', 'origin']], 'https'), transport + nosniff + frame)
  assert.equal(added(route, [['x-content-type-options', 'nosniff']], 'https'), transport + referrer + frame)
  assert.equal(added(route, [['X-Frame-Options', 'SAMEORIGIN']], 'https'), transport + nosniff + referrer)
  assert.equal(
    added(route, [['strict-transport-security', 'max-age=1']], 'https'),
    nosniff + referrer + frame,
  )
  const all: readonly (readonly [string, string])[] = [
    ['Referrer-Policy', 'origin'],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['Strict-Transport-Security', 'max-age=1'],
  ]
  assert.equal(added(route, all, 'https'), '')
})

test("a worker's policy stands against ours only where it speaks of frames", () => {
  const route = rules({ frames: { kind: 'ancestors', sources: ["'self'", 'https://portal.example'] } })
  const line = "Content-Security-Policy: frame-ancestors 'self' https://portal.example\r\n"
  assert.equal(added(route, []), nosniff + referrer + line)
  assert.equal(added(route, [['Content-Security-Policy', "default-src 'self'"]]), nosniff + referrer + line)
  const own = "default-src 'self'; Frame-Ancestors 'none'"
  assert.equal(added(route, [['content-security-policy', own]]), nosniff + referrer)
  assert.equal(added(route, [['X-Frame-Options', 'DENY']]), nosniff + referrer)
  const options = rules({ frames: { kind: 'options', value: 'SAMEORIGIN' } })
  assert.equal(added(options, [['content-security-policy', own]]), nosniff + referrer)
})

test('Server, what is removed and what is set do not travel on', () => {
  const route = rules({ remove: ['x-powered-by'], set: [['Cache-Control', 'no-store']] })
  for (const name of ['server', 'Server', 'X-Powered-By', 'cache-control'])
    assert.equal(route.judge(name, 'x'), dropped, name)
  for (const name of ['set-cookie', 'content-type', 'x-powered-b', 'serves', 'x'.repeat(500), ''])
    assert.equal(route.judge(name, 'x'), 0, name)
  assert.deepEqual([...route.drops].toSorted(), ['cache-control', 'server', 'x-powered-by'])
})

test('what is set is said instead of our own words and of those of the worker', () => {
  const route = rules({
    hsts,
    frames: { kind: 'options', value: 'DENY' },
    set: [
      ['Referrer-Policy', 'no-referrer'],
      ['X-Frame-Options', 'SAMEORIGIN'],
      ['Strict-Transport-Security', 'max-age=0'],
    ],
  })
  const said: readonly (readonly [string, string])[] = [
    ['referrer-policy', 'origin'],
    ['x-frame-options', 'DENY'],
  ]
  const lines = `Referrer-Policy: no-referrer\r\nX-Frame-Options: SAMEORIGIN\r\n`
  assert.equal(added(route, said, 'http'), lines + nosniff)
  assert.equal(added(route, said, 'https'), `${lines}Strict-Transport-Security: max-age=0\r\n${nosniff}`)
})

test('what is removed is not said by the gateway either', () => {
  const route = rules({ remove: ['referrer-policy'] })
  assert.equal(route.judge('Referrer-Policy', 'origin'), dropped)
  assert.equal(added(route, []), nosniff)
})

test("the gateway's own answers are completed without saying anything twice", () => {
  const route = rules({ set: [['Cache-Control', 'no-cache']] })
  const fields = [
    'X-Content-Type-Options',
    'nosniff',
    'Cache-Control',
    'no-store',
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
  ]
  const before = [...fields]
  assert.deepEqual(route.complete(fields, 'http'), [
    'X-Content-Type-Options',
    'nosniff',
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
    'Cache-Control',
    'no-cache',
    'Referrer-Policy',
    'same-origin',
  ])
  assert.deepEqual(fields, before)
})

test('every worker has its own rules, and what no worker answers has the general ones', () => {
  const own = { ...plain, referrerPolicy: 'origin' }
  const compiled = compileResponseHeaders({
    headers: { general: plain, workers: { api: own } },
    publicBaseUrl: '',
  })
  assert.equal(compiled.of('api').block('http', 0), `${nosniff}Referrer-Policy: origin\r\n`)
  assert.equal(compiled.of('constructor'), compiled.own)
  assert.equal(compiled.own.block('http', 0), nosniff + referrer)
})
