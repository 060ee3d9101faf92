/** A zip archive whose bytes depend on nothing but what is in it; for files below 4 GiB. */

import { crc32 } from 'node:zlib'

import { deflate } from './compress.ts'
import { modeOf } from './entry.ts'
import type { Entry } from './entry.ts'

const versionNeeded = 20
const deflated = 8
/** Written by "Unix", so that the upper half of the attributes is a mode. */
const madeBy = (3 << 8) | versionNeeded
const utf8Names = 1 << 11
const regularFile = 0o100000

/**
 * The archive, entries in the given order: a wheel's record must come last.
 * @param epoch modification time of everything, in seconds; zip's clock begins in 1980 and has steps of two seconds
 */
export async function zip(entries: readonly Entry[], epoch: number): Promise<Buffer> {
  const when = dosTime(epoch)
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const file of entries) {
    const packed = await deflate(file.bytes)
    const common = commonFields(file, packed.length, when)
    const name = Buffer.from(file.path)
    const local = Buffer.concat([numbers([0x04034b50, 4]), common, name, packed])
    directory.push(
      numbers([0x02014b50, 4], [madeBy, 2]),
      common,
      // No comment, first disk, no internal attributes.
      numbers([0, 2], [0, 2], [0, 2], [((regularFile | modeOf(file)) << 16) >>> 0, 4], [at, 4]),
      name,
    )
    parts.push(local)
    at += local.length
  }
  const index = Buffer.concat(directory)
  const count = entries.length
  const end = numbers(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [index.length, 4],
    [at, 4],
    [0, 2],
  )
  return Buffer.concat([...parts, index, end])
}

/** What the header of a file and its line in the directory have in common. */
function commonFields(file: Entry, packed: number, when: number): Buffer {
  return numbers(
    [versionNeeded, 2],
    [utf8Names, 2],
    [deflated, 2],
    [when, 4],
    [crc32(file.bytes), 4],
    [packed, 4],
    [file.bytes.length, 4],
    [Buffer.byteLength(file.path), 2],
    [0, 2],
  )
}

/** Date and time in four bytes, of UTC. */
function dosTime(epoch: number): number {
  const date = new Date(epoch * 1000)
  const year = date.getUTCFullYear() - 1980
  if (year < 0) return (1 << 21) | (1 << 16)
  const day = (year << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return ((day << 16) | time) >>> 0
}

/** Little-endian numbers, each with its width in bytes. */
function numbers(...fields: readonly (readonly [value: number, width: 2 | 4])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((size, [, width]) => size + width, 0))
  let at = 0
  for (const [value, width] of fields) at = bytes.writeUIntLE(value, at, width)
  return bytes
}
