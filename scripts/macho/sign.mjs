/**
 * An ad-hoc signature for a macOS executable: what `codesign --sign -` writes. It names nobody, it only holds a hash
 * of every page; without one the kernel of an Apple silicon machine ends the program at its start. Layout: xnu's
 * osfmk/kern/cs_blobs.h, all numbers big-endian.
 */

import { createHash } from 'node:crypto'
import { command, cpu, Image } from './image.mjs'

const magic = {
  signature: 0xfade0cc0,
  directory: 0xfade0c02,
  requirements: 0xfade0c01,
  wrapper: 0xfade0b01,
}
const slot = { directory: 0, requirements: 2, wrapper: 0x10000 }
const pageSize = 4096
const hashSize = 32
const directoryHead = 88
/** Of memory: what the size of a segment must be a multiple of. */
const memoryPage = new Map([
  [cpu.x64, 0x1000],
  [cpu.arm64, 0x4000],
])

/**
 * @param {Buffer} bytes a whole unsigned executable; not changed
 * @param {string} identifier of the program, such as `fluxlit`
 * @returns {Buffer} the signed one
 * @throws {Error} naming what was found, when the file is signed already or is not laid out as expected
 */
export function signAdHoc(bytes, identifier) {
  const image = new Image(Buffer.from(bytes))
  try {
    const limit = prepare(image, sizeOf(identifier, align(bytes.length, 16)))
    const padded = Buffer.concat([image.bytes, Buffer.alloc(limit - bytes.length)])
    return Buffer.concat([padded, signature(padded, identifier, image.segment('__TEXT'))])
  } catch (error) {
    throw new Error(`cannot sign this file: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/**
 * Makes the load commands tell of a signature behind everything else.
 * @param {Image} image @param {number} size of the signature
 * @returns {number} where it is going to be
 */
function prepare(image, size) {
  if (image.commands().some(({ kind }) => kind === command.signature)) throw new Error('it has a signature')
  const page = memoryPage.get(image.cpu)
  if (page === undefined) throw new Error(`its processor is 0x${image.cpu.toString(16)}`)
  const last = image.segment('__LINKEDIT')
  if (last.fileOffset + last.fileSize !== image.bytes.length)
    throw new Error('it does not end with __LINKEDIT')
  const place = align(image.bytes.length, 16)
  image.append(words32LE(command.signature, 16, place, size))
  const fileSize = place + size - last.fileOffset
  image.resize(last, fileSize, align(fileSize, page))
  return place
}

/** @param {Buffer} covered all that is hashed @param {string} identifier @param {{fileOffset: number, fileSize: number}} text */
function signature(covered, identifier, text) {
  const requirements = blob(magic.requirements, words(0))
  const wrapper = blob(magic.wrapper, Buffer.alloc(0))
  const directory = codeDirectory(covered, identifier, text, requirements)
  const parts = [
    { type: slot.directory, body: directory },
    { type: slot.requirements, body: requirements },
    { type: slot.wrapper, body: wrapper },
  ]
  let at = 12 + parts.length * 8
  const index = parts.map(({ type, body }) => {
    const entry = words(type, at)
    at += body.length
    return entry
  })
  return blob(
    magic.signature,
    Buffer.concat([words(parts.length), ...index, ...parts.map(({ body }) => body)]),
  )
}

/**
 * The hashes: of every page, and in front of them, counted backwards, those of the other parts (the property list,
 * which a plain program does not have, and the requirements).
 * @param {Buffer} covered @param {string} identifier @param {{fileOffset: number, fileSize: number}} text
 * @param {Buffer} requirements
 */
function codeDirectory(covered, identifier, text, requirements) {
  const name = Buffer.from(`${identifier}\0`)
  const special = [sha256(requirements), Buffer.alloc(hashSize)]
  const pages = Array.from({ length: Math.ceil(covered.length / pageSize) }, (_, index) =>
    sha256(covered.subarray(index * pageSize, (index + 1) * pageSize)),
  )
  const hashes = directoryHead + name.length + special.length * hashSize
  const head = Buffer.concat([
    // Version 2.4 (with the executable segment), flags: ad hoc.
    words(0x20400, 2, hashes, directoryHead, special.length, pages.length, covered.length),
    // SHA-256, no platform, pages of 2^12.
    Buffer.from([hashSize, 2, 0, Math.log2(pageSize)]),
    // spare2, no scatter, no team, spare3, codeLimit64 (0: the short one counts).
    words(0, 0, 0, 0, 0, 0),
    // The executable segment of a main program.
    words64(text.fileOffset, text.fileSize, 1),
  ])
  return blob(magic.directory, Buffer.concat([head, name, ...special, ...pages]))
}

/** How long {@link signature} will be. @param {string} identifier @param {number} covered bytes */
function sizeOf(identifier, covered) {
  const hashes = 2 + Math.ceil(covered / pageSize)
  const directory = directoryHead + Buffer.byteLength(identifier) + 1 + hashes * hashSize
  return 12 + 3 * 8 + directory + 12 + 8
}

/** @param {number} kind @param {Buffer} body */
function blob(kind, body) {
  return Buffer.concat([words(kind, body.length + 8), body])
}

/** @param {readonly number[]} values */
function words(...values) {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4))
  return bytes
}

/** @param {readonly number[]} values */
function words64(...values) {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, index) => bytes.writeBigUInt64BE(BigInt(value), index * 8))
  return bytes
}

/** @param {readonly number[]} values */
function words32LE(...values) {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4))
  return bytes
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest()
}

/** @param {number} value @param {number} step */
function align(value, step) {
  return Math.ceil(value / step) * step
}
