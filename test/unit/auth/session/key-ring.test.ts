import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { KeyRing } from '../../../../internal/auth/session/key-ring.ts'

const secret = randomBytes(32)
const ring = new KeyRing([secret])

test('what was sealed opens with the same purpose, salt and context', () => {
  const sealed = ring.seal('session', 'id', 'context', 'Łukasz')
  assert.deepEqual(ring.open('session', 'id', 'context', sealed), { plain: 'Łukasz', stale: false })
})

test('attack 95: a value sealed for one purpose opens for no other', () => {
  const sealed = ring.seal('login', '', '', 'x')
  assert.equal(ring.open('session', '', '', sealed), null)
  assert.equal(ring.open('login', '', 'other', sealed), null)
  assert.equal(ring.open('login', 'id', '', sealed), null)
})

test('attack 92: a value with any one bit flipped does not open', () => {
  const sealed = ring.seal('session', 'id', '', 'x')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Buffer.from(sealed)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(ring.open('session', 'id', '', flipped), null, `bit ${bit}`)
  }
  assert.equal(ring.open('session', 'id', '', sealed.subarray(0, 20)), null)
})

test('attack 93: a value sealed by an unknown secret does not open, one by an older secret does and is stale', () => {
  const older = ring.seal('session', 'id', '', 'x')
  assert.equal(new KeyRing([randomBytes(32)]).open('session', 'id', '', older), null)
  const rotated = new KeyRing([randomBytes(32), secret])
  assert.deepEqual(rotated.open('session', 'id', '', older), { plain: 'x', stale: true })
})

test('attack 97: a record cannot be opened with the gateway’s secret alone', () => {
  const sealed = ring.seal('session', 'the id from the cookie', '', 'refresh token')
  assert.equal(ring.open('session', '', '', sealed), null)
  assert.ok(!sealed.toString('latin1').includes('refresh'))
})

test('a secret that is too short is refused', () => {
  assert.throws(() => new KeyRing([randomBytes(31)]), /32 bytes/)
})
