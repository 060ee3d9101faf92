import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hexBit, isA, isToken, targetBit, tokenBit, valueBit } from '../../../internal/http1/bytes.ts'

const every = Array.from({ length: 256 }, (_, byte) => byte)

for (const [what, bit, form] of [
  ['a token', tokenBit, /^[A-Za-z0-9!#$%&'*+\-.^_`|~]$/],
  ['a field value', valueBit, /^[\t\x20-\x7e\x80-\xff]$/],
  ['a target', targetBit, /^[\x21-\x7e]$/],
  ['a hexadecimal number', hexBit, /^[0-9A-Fa-f]$/],
] as const) {
  test(`exactly the bytes of ${what} are marked as such`, () => {
    const marked = every.filter((byte) => isA(byte, bit))
    assert.deepEqual(
      marked,
      every.filter((byte) => form.test(String.fromCharCode(byte))),
    )
  })
}

test('no byte is nothing', () => {
  assert.equal(isA(undefined, tokenBit | valueBit | targetBit | hexBit), false)
})

test('a token has at least one character and no other ones', () => {
  assert.deepEqual(
    ['a', 'X-Y', '', 'a b', 'a:', 'ä', 'Ā'].map((text) => isToken(text)),
    [true, true, false, false, false, false, false],
  )
})
