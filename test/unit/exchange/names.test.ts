import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isManaged, isPerHop } from '../../../internal/exchange/names.ts'

test('fields of one connection never travel on', () => {
  const names = 'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer'
  for (const name of `${names} transfer-encoding upgrade http2-settings alt-svc`.split(' ')) {
    assert.ok(isPerHop(name), name)
  }
  assert.ok(!isPerHop('cookie'))
})

test('names that only the gateway may set are its own', () => {
  const names =
    'forwarded x-real-ip x-original-url x-rewrite-url true-client-ip cf-connecting-ip x-request-id'
  const prefixed = 'x-forwarded-for x-forwarded-anything x-fluxlit-name x-envoy-x x-auth-request-user'
  for (const name of `${names} traceparent via ${prefixed}`.split(' ')) assert.ok(isManaged(name), name)
})

test('names that other software could take for those are dropped with them', () => {
  const names = ['x_forwarded_for', 'x.forwarded.for', '__proto__', 'constructor', 'content_length']
  for (const name of names) assert.ok(isManaged(name), name)
})

test("ordinary names are nobody's", () => {
  for (const name of ['cookie', 'x-custom', 'authorization', 'x-forwarded', 'accept']) {
    assert.ok(!isManaged(name), name)
  }
})
