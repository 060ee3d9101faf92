import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  continueTrace,
  createIdSource,
  isAcceptableRequestId,
} from '../../../internal/exchange/request-id.ts'

const ids = createIdSource()

test('ids are short, plain and different, also after the random bytes ran out', () => {
  const made = Array.from({ length: 10_000 }, () => ids.requestId())
  assert.equal(new Set(made).size, made.length)
  for (const id of made) assert.match(id, /^[a-z0-9-]{1,31}$/)
})

test('two sources share no prefix', () => {
  assert.notEqual(createIdSource().requestId().slice(0, 12), ids.requestId().slice(0, 12))
})

test('hex has two digits for each byte', () => {
  assert.match(ids.hex(16), /^[0-9a-f]{32}$/)
})

test('an id from outside is kept only in its plain form', () => {
  for (const id of ['a', 'A-b_c.9', 'x'.repeat(64)]) assert.ok(isAcceptableRequestId(id), id)
  for (const id of ['', 'x'.repeat(65), 'a b', 'a\n', 'a,b', '<i>', 'ü'])
    assert.ok(!isAcceptableRequestId(id), id)
})

test('a well-formed trace goes on with a span of our own', () => {
  const incoming = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
  const { traceId, traceparent } = continueTrace(incoming, ids)
  assert.equal(traceId, 'ab'.repeat(16))
  assert.match(traceparent, /^00-(ab){16}-[0-9a-f]{16}-01$/)
  assert.ok(!traceparent.includes('cd'.repeat(8)))
})

test('anything else starts a new trace', () => {
  const good = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
  const bad = [
    null,
    '',
    good.replace('00-', '01-'),
    good.toUpperCase(),
    `${good}-x`,
    `00-${'0'.repeat(32)}-${'cd'.repeat(8)}-01`,
    `00-${'ab'.repeat(16)}-${'0'.repeat(16)}-01`,
    `${good}, ${good}`,
  ]
  for (const incoming of bad) {
    const { traceId, traceparent } = continueTrace(incoming, ids)
    assert.notEqual(traceId, 'ab'.repeat(16), String(incoming))
    assert.match(traceparent, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
  }
})
