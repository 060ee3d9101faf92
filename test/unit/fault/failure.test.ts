import assert from 'node:assert/strict'
import { test } from 'node:test'

import { failure, failures, isFailure, statusOf } from '../../../internal/fault/failure.ts'

test('every code has an error status, a title and a sentence that ends', () => {
  for (const [code, [status, title, sentence]] of Object.entries(failures)) {
    assert.ok(status >= 400 && status <= 599, code)
    assert.ok(title.length > 0, code)
    assert.match(sentence, /^[A-Z].*\.$/, code)
  }
})

test('a failure without a detail of its own has none', () => {
  assert.deepEqual(failure('bad_host'), { code: 'bad_host' })
  assert.deepEqual(failure('bad_host', 'Why.'), { code: 'bad_host', detail: 'Why.' })
})

test('a code leads to its status', () => {
  assert.equal(statusOf('misdirected_host'), 421)
  assert.equal(statusOf('websocket_version'), 426)
})

test('only objects with a known code are failures', () => {
  assert.ok(isFailure(failure('internal')))
  assert.ok(!isFailure({ code: 'ECONNRESET' }))
  assert.ok(!isFailure({ code: 404 }))
  assert.ok(!isFailure({ kind: 'worker' }))
})
