import assert from 'node:assert/strict'
import { test } from 'node:test'

import { machineOf, signatureOf, unsign } from '../../../scripts/pe/unsign.mjs'

const place = 0x400

/** A file with just enough of a Windows executable's parts. */
function tiny(signature: number, tail = 0): Buffer {
  const file = Buffer.alloc(place + signature + tail, 0xab)
  file.writeUInt32LE(0x80, 60)
  file.write('PE\0\0', 0x80, 'latin1')
  file.writeUInt16LE(0x8664, 0x84)
  file.writeUInt16LE(0x20b, 0x98)
  file.writeUInt32LE(signature === 0 ? 0 : place, 0x98 + 112 + 32)
  file.writeUInt32LE(signature, 0x98 + 112 + 36)
  return file
}

test('the signature of a Windows executable goes, with what tells of it; nothing else changes', () => {
  const signed = tiny(64)
  const result = unsign(signed)
  assert.deepEqual([result.length, machineOf(result)], [place, 0x8664])
  const { offset, size } = signatureOf(result)
  assert.deepEqual([offset, size], [0, 0])
  const changed = [...result.keys()].filter((at) => result[at] !== signed[at])
  assert.ok(
    changed.every((at) => (at >= 0xd8 && at < 0xdc) || (at >= 0x128 && at < 0x130)),
    changed.join(),
  )
})

test('one that is not signed stays as it is', () => {
  assert.ok(unsign(tiny(0)).equals(tiny(0)))
})

test('what is not laid out like that is refused', () => {
  assert.throws(() => unsign(tiny(64, 8)), /something lies behind it/)
  assert.throws(() => unsign(Buffer.from('MZ')), /not a Windows executable/)
  const small = tiny(64)
  small.writeUInt16LE(0x10b, 0x98)
  assert.throws(() => unsign(small), /not a 64-bit Windows executable/)
})
