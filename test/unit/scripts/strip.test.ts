import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { Image } from '../../../scripts/elf/image.mjs'
import { strip } from '../../../scripts/elf/strip.mjs'
import { tinyElf } from '../../support/tiny-elf.ts'

interface Section {
  readonly isLoaded: boolean
  /** The section this one refers to by number. */
  readonly link?: number
}

const loaded: Section = { isLoaded: true }
const debug: Section = { isLoaded: false }

suite('a stripped file', () => {
  const whole = withSections([loaded, { isLoaded: true, link: 1 }, debug, debug])
  const stripped = strip(whole)
  const image = new Image(stripped)

  test('has everything that is loaded, where it was', () => {
    const end = tinyElf().length
    // The header tells of the section table, which has moved.
    assert.ok(stripped.subarray(64, end).equals(whole.subarray(64, end)))
    assert.deepEqual(image.segments(), new Image(whole).segments())
  })

  test('keeps the loaded sections under their numbers, and the names', () => {
    const sections = image.sections()
    assert.deepEqual(
      sections.map(({ flags }) => flags),
      [0, 2, 2, 0],
    )
    const names = sections[stripped.readUInt16LE(62)]
    assert.equal(stripped.toString('latin1', names?.offset, (names?.offset ?? 0) + 6), 'names\0')
  })

  test('is shorter by what was left out', () => {
    assert.ok(stripped.length < whole.length - 2 * 100, `${whole.length} became ${stripped.length}`)
    assert.equal(stripped.includes('debug information'), false)
  })

  test('has nothing more to leave out but its names', () => {
    assert.ok(strip(stripped).equals(stripped))
  })
})

for (const [what, sections, reason] of [
  ['a loaded section behind one that is not', [loaded, debug, loaded], /a loaded section follows/],
  ['a loaded section that refers to one that is not', [{ ...loaded, link: 2 }, debug], /refers to one/],
] as const) {
  test(`a file with ${what} is refused`, () => {
    assert.throws(() => strip(withSections(sections)), reason)
  })
}

test('a file without sections is refused', () => {
  assert.throws(() => strip(tinyElf()), /there is nothing to leave out/)
})

/** The given file with these sections, and behind them the one with their names. */
function withSections(sections: readonly Section[]): Buffer {
  const program = tinyElf()
  const litter = Buffer.from('debug information '.repeat(10))
  const names = program.length + litter.length
  const table = names + 6
  const headers = [
    Buffer.alloc(64),
    ...sections.map(({ isLoaded, link = 0 }) =>
      isLoaded ? header(2, 0x200, 16, link) : header(0, program.length, litter.length, link),
    ),
    header(0, names, 6, 0),
  ]
  const file = Buffer.concat([program, litter, Buffer.from('names\0'), ...headers])
  file.writeBigUInt64LE(BigInt(table), 40)
  file.writeUInt16LE(headers.length, 60)
  file.writeUInt16LE(headers.length - 1, 62)
  return file
}

function header(flags: number, offset: number, size: number, link: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeBigUInt64LE(BigInt(flags), 8)
  bytes.writeBigUInt64LE(BigInt(offset), 24)
  bytes.writeBigUInt64LE(BigInt(size), 32)
  bytes.writeUInt32LE(link, 40)
  return bytes
}
