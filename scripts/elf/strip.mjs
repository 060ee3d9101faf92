/**
 * Leaves out what no loader reads: symbols and debug information, a fifth of Node. The parts that are mapped into
 * memory stay where they are, so it is a cut at their end. An own one and not `strip` of binutils, because that one
 * exists per machine, and another version of it would give other bytes.
 */

import { header, Image } from './image.mjs'

/** @typedef {import('./image.mjs').Section} Section */

/**
 * @param {Buffer} bytes a whole ELF executable; not changed
 * @returns {Buffer} the same without sections that are not loaded
 * @throws {Error} when something that is loaded, or refers by number to a section, lies behind what is cut off
 */
export function strip(bytes) {
  const image = new Image(bytes)
  const sections = image.sections()
  const kept = keptSections(image, sections)
  const names = sections[bytes.readUInt16LE(header.sectionNames)]
  if (names === undefined) throw refusal('it has no names of sections')
  const loaded = Math.max(...image.segments().map(({ offset, fileSize }) => offset + fileSize))
  const result = Buffer.concat([
    bytes.subarray(0, loaded),
    bytes.subarray(names.offset, names.offset + names.size),
    Buffer.alloc(-(loaded + names.size) & 7),
    ...[...kept, names].map(({ at }) => bytes.subarray(at, at + 64)),
  ])
  const table = result.length - (kept.length + 1) * 64
  result.writeBigUInt64LE(BigInt(loaded), table + kept.length * 64 + 24)
  result.writeBigUInt64LE(BigInt(table), header.sectionTable)
  result.writeUInt16LE(kept.length + 1, header.sectionCount)
  result.writeUInt16LE(kept.length, header.sectionNames)
  return result
}

/**
 * The empty first section and the loaded ones. They must come first: symbols and other sections refer to them by
 * number, and those numbers must stay right.
 * @param {Image} image @param {readonly Section[]} sections @returns {readonly Section[]}
 */
function keptSections(image, sections) {
  const end = sections.findIndex((section, index) => index > 0 && !isLoaded(section))
  if (end === -1) throw refusal('there is nothing to leave out')
  if (sections.slice(end).some(isLoaded)) throw refusal('a loaded section follows one that is not')
  const kept = sections.slice(0, end)
  for (const { at } of kept) {
    if (image.bytes.readUInt32LE(at + 40) >= end) throw refusal('a loaded section refers to one that is not')
  }
  return kept
}

/** @param {Section} section */
function isLoaded({ flags }) {
  return (flags & 2) !== 0
}

/** @param {string} found */
function refusal(found) {
  return new Error(`cannot strip this file: ${found}`)
}
