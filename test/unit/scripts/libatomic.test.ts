import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { machines } from '../../../scripts/elf/atomic-code.mjs'
import { Image } from '../../../scripts/elf/image.mjs'
import { patchLibatomic } from '../../../scripts/elf/libatomic.mjs'
import { tinyElf } from '../../support/tiny-elf.ts'

suite('a file that asks libatomic for its one function', () => {
  for (const [machine, jump, relative] of [
    [62, 7, 8],
    [183, 1026, 1027],
  ] as const) {
    test(`of machine ${machine} gets the function and a relocation that points at it`, () => {
      const bytes = tinyElf({ machine, relocation: jump, imports: ['write', '__atomic_compare_exchange'] })
      assert.equal(patchLibatomic(bytes), 'patched')
      const image = new Image(bytes)
      const [other, patched] = image.jumpRelocations()
      assert.deepEqual([other?.type, patched?.type], [jump, relative])
      const code = machines.get(machine)?.code ?? Buffer.alloc(0)
      const at = image.fileOffset(patched?.addend ?? 0)
      assert.ok(code.length > 0 && bytes.subarray(at, at + code.length).equals(code))
    })
  }

  for (const libraries of [
    ['libatomic.so.1', 'libm.so.6', 'libc.so.6'],
    ['libm.so.6', 'libatomic.so.1', 'libc.so.6'],
    ['libm.so.6', 'libc.so.6', 'libatomic.so.1'],
  ]) {
    test(`no longer asks for it when it asked for ${libraries.join(', ')}`, () => {
      const bytes = tinyElf({ libraries })
      patchLibatomic(bytes)
      const image = new Image(bytes)
      const left = libraries.filter((name) => name !== 'libatomic.so.1')
      assert.deepEqual(
        image.needed().map(({ name }) => name),
        left,
      )
      assert.deepEqual(
        image.versionNeeds().map(({ file }) => file),
        left,
      )
    })
  }

  test('is recognised afterwards and not changed again', () => {
    const bytes = tinyElf()
    patchLibatomic(bytes)
    const before = Buffer.from(bytes)
    assert.equal(patchLibatomic(bytes), 'already patched')
    assert.ok(before.equals(bytes))
  })
})

test('a file that never asked for the library is left alone', () => {
  const bytes = tinyElf({ imports: ['write'], libraries: ['libc.so.6'] })
  const before = Buffer.from(bytes)
  assert.equal(patchLibatomic(bytes), 'not needed')
  assert.ok(before.equals(bytes))
})

suite('the patch refuses', () => {
  const refusals: readonly [string, Buffer, RegExp][] = [
    ['what is not an ELF file', Buffer.alloc(100), /not a 64-bit little-endian ELF file/],
    ['an unknown machine', tinyElf({ machine: 243 }), /its machine is 243/],
    [
      'a second function of the library',
      tinyElf({ imports: ['__atomic_compare_exchange', '__atomic_load'] }),
      /found __atomic_compare_exchange, __atomic_load/,
    ],
    ['another function than the known one', tinyElf({ imports: ['__atomic_load'] }), /found __atomic_load/],
    ['too little room', tinyElf({ padding: 64 }), /behind its code are 64 free bytes/],
    ['padding in use', tinyElf({ litter: 1 }), /padding behind its code is not empty/],
    ['another kind of relocation', tinyElf({ relocation: 6 }), /is of type 6, not 7/],
    ['a file bound lazily', tinyElf({ bindNow: false }), /bound lazily/],
    [
      'an import without the library',
      tinyElf({ libraries: ['libc.so.6'] }),
      /imports __atomic_compare_exchange but does not ask/,
    ],
  ]
  for (const [what, bytes, message] of refusals) {
    test(`${what} and leaves the file as it was`, () => {
      const before = Buffer.from(bytes)
      assert.throws(() => patchLibatomic(bytes), message)
      assert.ok(before.equals(bytes))
    })
  }
})
