import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { signAdHoc } from '../../../scripts/macho/sign.mjs'
import { verifySigned } from '../../../scripts/macho/verify.mjs'
import { tinyMachO } from '../../support/tiny-macho.ts'

suite('a macOS executable is examined without being run', () => {
  const unsigned = tinyMachO({ minimum: [13, 5] })
  const signed = signAdHoc(unsigned, 'fluxlit')
  const place = Math.ceil(unsigned.length / 16) * 16

  test('one that was signed is as signed, and says what it needs', () => {
    assert.deepEqual(verifySigned(signed), {
      cpu: 0x0100000c,
      minimumSystem: '13.5',
      identifier: 'fluxlit',
      pages: Math.ceil(place / 4096),
    })
  })

  for (const [what, at, reason] of [
    ['code', 0x2000, /page 2 is not what was signed/],
    ['a load command', 40, /page 0 is not what was signed/],
    ['the padding in front of the signature', place - 1, /page \d+ is not what was signed/],
    ['the beginning of the signature', place, /there is no signature where it should be/],
    ['the requirements', signed.length - 12, /its requirements are not what was signed/],
  ] as const) {
    test(`a changed byte of ${what} is found`, () => {
      const changed = Buffer.from(signed)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      assert.throws(() => verifySigned(changed), reason)
    })
  }

  test('one without a signature, and one that was cut off, are told', () => {
    assert.throws(() => verifySigned(unsigned), /it has not exactly one signature/)
    assert.throws(() => verifySigned(signed.subarray(0, -1)), /its signature ends at \d+, the file at \d+/)
    assert.throws(() => verifySigned(Buffer.concat([signed, Buffer.alloc(1)])), /the file at \d+/)
  })
})
