import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'

import { Image } from '../../../scripts/macho/image.mjs'
import { signAdHoc } from '../../../scripts/macho/sign.mjs'
import { tinyMachO } from '../../support/tiny-macho.ts'

suite('a signed macOS executable', () => {
  const unsigned = tinyMachO()
  const signed = signAdHoc(unsigned, 'fluxlit')
  const place = Math.ceil(unsigned.length / 16) * 16

  test('says where its signature is, and that is its end', () => {
    const command = new Image(signed).commands().at(-1)
    assert.equal(command?.kind, 0x1d)
    assert.equal(signed.readUInt32LE(command.at + 8), place)
    assert.equal(signed.readUInt32LE(command.at + 12), signed.length - place)
  })

  test('has it inside its last segment, whose memory is whole pages', () => {
    const last = new Image(signed).segment('__LINKEDIT')
    assert.equal(last.fileOffset + last.fileSize, signed.length)
    assert.equal(last.memorySize, 0x4000)
  })

  test('is hashed page by page, load commands of the signature included', () => {
    const { hashes, count, limit } = directory(signed, place)
    assert.equal(limit, place)
    assert.equal(count, Math.ceil(place / 4096))
    for (let page = 0; page < count; page += 1) {
      const bytes = signed.subarray(page * 4096, Math.min((page + 1) * 4096, limit))
      const told = signed.toString('hex', hashes + page * 32, hashes + (page + 1) * 32)
      assert.equal(told, createHash('sha256').update(bytes).digest('hex'))
    }
  })

  test('names the program and nobody who signed', () => {
    const { start, flags } = directory(signed, place)
    const name = start + signed.readUInt32BE(start + 20)
    assert.equal(signed.toString('latin1', name, signed.indexOf(0, name)), 'fluxlit')
    assert.equal(flags, 2)
  })

  test('leaves the given bytes alone', () => {
    assert.ok(unsigned.equals(tinyMachO()))
  })
})

for (const [what, options, reason] of [
  ['is signed already', { signed: true }, /it has a signature/],
  ['has no room for the load command', { room: 8 }, /8 bytes, 16 are needed/],
  ['is for another processor', { cpu: 7 }, /its processor is 0x7/],
  ['does not end with __LINKEDIT', { tail: 1 }, /does not end with __LINKEDIT/],
  ['is a library', { fileType: 6 }, /not a Mach-O executable/],
] as const) {
  test(`a file that ${what} is refused`, () => {
    assert.throws(() => signAdHoc(tinyMachO(options), 'fluxlit'), reason)
  })
}

test('what is no Mach-O file is refused', () => {
  assert.throws(() => signAdHoc(Buffer.from('#!/bin/sh\n'.repeat(9)), 'fluxlit'), /not a 64-bit Mach-O file/)
})

/** The code directory: first of the parts the signature lists. */
function directory(bytes: Buffer, place: number) {
  assert.equal(bytes.readUInt32BE(place), 0xfade0cc0)
  const start = place + bytes.readUInt32BE(place + 16)
  assert.equal(bytes.readUInt32BE(start), 0xfade0c02)
  return {
    start,
    flags: bytes.readUInt32BE(start + 12),
    hashes: start + bytes.readUInt32BE(start + 16),
    count: bytes.readUInt32BE(start + 28),
    limit: bytes.readUInt32BE(start + 32),
  }
}
