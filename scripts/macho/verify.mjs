/**
 * Whether a kernel of macOS would take a signed executable: what can be known without running it. Reads the layout anew
 * and trusts nothing that `sign` believed (xnu's osfmk/kern/cs_blobs.h; numbers of the signature are big-endian).
 */

import { createHash } from 'node:crypto'
import { command, Image } from './image.mjs'

const magic = { signature: 0xfade0cc0, directory: 0xfade0c02 }
const slot = { directory: 0, requirements: 2 }
const adHoc = 2
const sha256Type = 2

/** @typedef {{cpu: number, minimumSystem: string | null, identifier: string, pages: number}} Examined */

/**
 * @param {Buffer} bytes of the finished file
 * @returns {Examined}
 * @throws {Error} with what is wrong
 */
export function verifySigned(bytes) {
  const image = new Image(bytes)
  const place = placeOf(image)
  const parts = partsOf(bytes, place)
  const directory = directoryOf(bytes, parts)
  if (directory.flags !== adHoc)
    throw new Error(`its flags are ${directory.flags}, not those of an ad-hoc signature`)
  if (directory.limit !== place.start)
    throw new Error(`${directory.limit} bytes are hashed of ${place.start}`)
  verifyPages(bytes, directory)
  verifyRequirements(bytes, parts, directory)
  return {
    cpu: image.cpu,
    minimumSystem: minimumSystem(image),
    identifier: directory.identifier,
    pages: directory.count,
  }
}

/**
 * The signature is the end of the last segment and of the file.
 * @param {Image} image
 */
function placeOf(image) {
  const [found, ...others] = image.commands().filter(({ kind }) => kind === command.signature)
  if (found === undefined || others.length > 0) throw new Error('it has not exactly one signature')
  const start = image.bytes.readUInt32LE(found.at + 8)
  const end = start + image.bytes.readUInt32LE(found.at + 12)
  const last = image.segment('__LINKEDIT')
  if (end !== image.bytes.length)
    throw new Error(`its signature ends at ${end}, the file at ${image.bytes.length}`)
  if (last.fileOffset + last.fileSize !== end) throw new Error('its signature is not the end of __LINKEDIT')
  return { start, end }
}

/**
 * Where the parts of the signature begin, by their kind.
 * @param {Buffer} bytes @param {{start: number, end: number}} place
 */
function partsOf(bytes, { start, end }) {
  if (bytes.readUInt32BE(start) !== magic.signature)
    throw new Error('there is no signature where it should be')
  if (start + bytes.readUInt32BE(start + 4) > end) throw new Error('its signature is longer than its place')
  const count = bytes.readUInt32BE(start + 8)
  const entries = Array.from({ length: count }, (_, index) => start + 12 + index * 8)
  return new Map(entries.map((at) => [bytes.readUInt32BE(at), start + bytes.readUInt32BE(at + 4)]))
}

/** @param {Buffer} bytes @param {ReadonlyMap<number, number>} parts */
function directoryOf(bytes, parts) {
  const at = parts.get(slot.directory)
  if (at === undefined || bytes.readUInt32BE(at) !== magic.directory)
    throw new Error('it has no code directory')
  const [hashSize, hashType, , pageBits] = bytes.subarray(at + 36, at + 40)
  if (hashSize !== 32 || hashType !== sha256Type) throw new Error(`its hashes are of type ${hashType}`)
  const name = at + bytes.readUInt32BE(at + 20)
  return {
    flags: bytes.readUInt32BE(at + 12),
    hashes: at + bytes.readUInt32BE(at + 16),
    identifier: bytes.toString('latin1', name, bytes.indexOf(0, name)),
    special: bytes.readUInt32BE(at + 24),
    count: bytes.readUInt32BE(at + 28),
    limit: bytes.readUInt32BE(at + 32),
    pageSize: 2 ** (pageBits ?? 0),
  }
}

/** @param {Buffer} bytes @param {ReturnType<typeof directoryOf>} directory */
function verifyPages(bytes, { hashes, count, limit, pageSize }) {
  if (count !== Math.ceil(limit / pageSize)) throw new Error(`${count} pages are hashed of ${limit} bytes`)
  for (let page = 0; page < count; page += 1) {
    const content = bytes.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit))
    if (!hashOf(content).equals(bytes.subarray(hashes + page * 32, hashes + (page + 1) * 32)))
      throw new Error(`page ${page} is not what was signed`)
  }
}

/**
 * Hashes of other parts stand in front of those of the pages, counted backwards.
 * @param {Buffer} bytes @param {ReadonlyMap<number, number>} parts @param {ReturnType<typeof directoryOf>} directory
 */
function verifyRequirements(bytes, parts, { hashes, special }) {
  const at = parts.get(slot.requirements)
  if (at === undefined || special < slot.requirements) throw new Error('it has no requirements')
  const content = bytes.subarray(at, at + bytes.readUInt32BE(at + 4))
  const told = bytes.subarray(hashes - slot.requirements * 32, hashes - (slot.requirements - 1) * 32)
  if (!hashOf(content).equals(told)) throw new Error('its requirements are not what was signed')
}

/** `13.5`, of LC_BUILD_VERSION; null when it says none. @param {Image} image */
function minimumSystem(image) {
  const found = image.commands().find(({ kind }) => kind === command.buildVersion)
  if (found === undefined) return null
  const version = image.bytes.readUInt32LE(found.at + 12)
  return `${version >>> 16}.${(version >>> 8) & 0xff}`
}

/** @param {Buffer} bytes */
function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest()
}
