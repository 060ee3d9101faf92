/**
 * Removes the one thing Node's Linux binaries need that slim images lack: `libatomic.so.1`, for a single function.
 * The function is put into the unused end of the executable segment, the one relocation that asked the library
 * for it points there instead, and the library is no longer asked for. Nothing else in the file moves.
 *
 * Anything that does not look exactly like what was examined stops the patch: a wrong guess here would be a
 * gateway that computes wrongly, and a build that fails is better than that.
 */

import { machines } from './atomic-code.mjs'
import { Image, tag } from './image.mjs'

/** @typedef {'patched' | 'already patched' | 'not needed'} Outcome */
/** @typedef {import('./image.mjs').Segment} Segment */

const library = 'libatomic.so.1'
const wanted = '__atomic_compare_exchange'

/**
 * Patches the file in place. Idempotent.
 * @param {Buffer} bytes a whole ELF executable; changed only when the outcome is `patched`
 * @returns {Outcome} `not needed` when it never asked for the library
 * @throws {Error} naming what was found, when the file is not of the kind this patch was made for
 */
export function patchLibatomic(bytes) {
  const image = new Image(bytes)
  const machine = machines.get(image.machine)
  if (machine === undefined)
    throw refusal(`its machine is ${image.machine}, known are 62 (x64) and 183 (arm64)`)
  const text = executableSegment(image)
  const need = image.needed().find((entry) => entry.name === library)
  if (need === undefined) return outcomeWithoutNeed(image, text, machine.code)
  requireEarlyBinding(image)
  const relocation = onlyRelocation(image, machine)
  const place = emptyPlace(image, text, machine.code.length)
  appendCode(image, text, place, machine.code)
  redirect(image, relocation, machine.relative, place)
  forgetLibrary(image, need.at)
  forgetVersions(image, relocation.symbol)
  return 'patched'
}

/** @param {string} found */
function refusal(found) {
  return new Error(`cannot replace ${library} in this file: ${found}`)
}

/** @param {Image} image @returns {Segment} */
function executableSegment(image) {
  const found = image.loads().filter((load) => (load.flags & 1) !== 0)
  const [only] = found
  if (only === undefined || found.length > 1)
    throw refusal(`it has ${found.length} executable segments, not 1`)
  if (only.fileSize !== only.memorySize) throw refusal('its executable segment is not completely in the file')
  return only
}

/** @param {Image} image @param {Segment} text @param {Buffer} code @returns {Outcome} */
function outcomeWithoutNeed(image, text, code) {
  const end = text.offset + text.fileSize
  if (image.bytes.subarray(end - code.length, end).equals(code)) return 'already patched'
  const imports = atomicImports(image)
  if (imports.length === 0) return 'not needed'
  throw refusal(`it imports ${imports.map(({ name }) => name).join(', ')} but does not ask for the library`)
}

/** A lazily bound table would hand our relocation to a resolver that knows jump slots only. @param {Image} image */
function requireEarlyBinding(image) {
  const now = ((image.value(tag.flags) ?? 0) & 8) | ((image.value(tag.flags1) ?? 0) & 1)
  if (now === 0 && image.value(tag.bindNow) === undefined) throw refusal('it is bound lazily (no BIND_NOW)')
}

/** @param {Image} image @returns {import('./image.mjs').ElfSymbol[]} */
function atomicImports(image) {
  return image
    .jumpRelocations()
    .map((relocation) => image.symbol(relocation.symbol))
    .filter((symbol) => symbol.section === 0 && symbol.name.startsWith('__atomic_'))
}

/**
 * @param {Image} image
 * @param {{jumpSlot: number}} machine
 */
function onlyRelocation(image, machine) {
  const names = atomicImports(image).map(({ name }) => name)
  if (names.length !== 1 || names[0] !== wanted) {
    throw refusal(
      `it must import ${wanted} and no other __atomic_ function; found ${names.join(', ') || 'none'}`,
    )
  }
  const found = image.jumpRelocations().find((relocation) => image.symbol(relocation.symbol).name === wanted)
  if (found === undefined || found.type !== machine.jumpSlot) {
    throw refusal(`the relocation of ${wanted} is of type ${found?.type}, not ${machine.jumpSlot}`)
  }
  return found
}

/**
 * The first aligned place behind the code, after checking that nobody else lives there: neither in the file nor
 * in memory, where the rest of the last page would otherwise have been zeros.
 * @param {Image} image @param {Segment} text @param {number} size
 */
function emptyPlace(image, text, size) {
  const end = text.offset + text.fileSize
  const start = end + ((16 - (end % 16)) % 16)
  const limit = Math.min(
    image.bytes.length,
    ...image
      .loads()
      .filter(({ offset }) => offset >= end)
      .map(({ offset }) => offset),
    ...image
      .loads()
      .filter(({ address }) => address > text.address)
      .map(({ address }) => address - text.address + text.offset),
  )
  if (start + size > limit)
    throw refusal(`behind its code are ${limit - end} free bytes, ${size + 15} are needed`)
  if (image.bytes.subarray(end, limit).some((byte) => byte !== 0)) {
    throw refusal('the padding behind its code is not empty')
  }
  return start
}

/** @param {Image} image @param {Segment} text @param {number} place in the file @param {Buffer} code */
function appendCode(image, text, place, code) {
  const oldEnd = text.address + text.fileSize
  code.copy(image.bytes, place)
  const size = place + code.length - text.offset
  image.write(text.at + 32, size)
  image.write(text.at + 40, size)
  // The last section of the segment grows with it, so that strip keeps the code and objdump shows it.
  const last = image
    .sections()
    .find((section) => section.address > 0 && section.address + section.size === oldEnd)
  if (last !== undefined) image.write(last.at + 32, text.address + size - last.address)
}

/**
 * The files are linked to a fixed address, so "relative" means: write exactly this address. The slot itself is
 * left alone, the loader fills it.
 * @param {Image} image @param {{at: number}} relocation @param {number} type @param {number} place in the file
 */
function redirect(image, relocation, type, place) {
  const text = executableSegment(image)
  image.write(relocation.at + 8, type)
  image.write(relocation.at + 16, place - text.offset + text.address)
}

/** Moves the later dynamic entries up over the one at `at`. @param {Image} image @param {number} at */
function forgetLibrary(image, at) {
  const entries = image.dynamic()
  const last = entries[entries.length - 1]?.at ?? at
  image.bytes.copy(image.bytes, at, at + 16, last + 16)
  image.bytes.fill(0, last, last + 16)
}

/**
 * Takes the library out of the chain of version needs and makes its symbol unversioned. The record at the head of
 * the chain cannot be skipped (section headers and the dynamic entry both point to it), so it takes over the
 * content of its successor.
 * @param {Image} image @param {number} symbol
 */
function forgetVersions(image, symbol) {
  const needs = image.versionNeeds()
  const index = needs.findIndex(({ file }) => file === library)
  const record = needs[index]
  if (record === undefined) return
  const before = needs[index - 1]
  if (before !== undefined)
    image.bytes.writeUInt32LE(record.next === 0 ? 0 : before.next + record.next, before.at + 12)
  else absorbSuccessor(image, record, needs[index + 1])
  forgetVersionCount(image, needs.length - 1)
  const versions = image.value(tag.verSym)
  if (versions !== undefined) image.bytes.writeUInt16LE(1, image.fileOffset(versions) + symbol * 2)
}

/**
 * @param {Image} image
 * @param {import('./image.mjs').VersionNeed} record
 * @param {import('./image.mjs').VersionNeed | undefined} successor
 */
function absorbSuccessor(image, record, successor) {
  if (successor === undefined) throw refusal('libatomic is the only library with versions')
  image.bytes.copy(image.bytes, record.at, successor.at, successor.at + 16)
  image.bytes.writeUInt32LE(successor.auxiliary + record.next, record.at + 8)
  image.bytes.writeUInt32LE(successor.next === 0 ? 0 : successor.next + record.next, record.at + 12)
}

/** @param {Image} image @param {number} count */
function forgetVersionCount(image, count) {
  const entry = image.dynamic().find((candidate) => candidate.tag === tag.verNeedNum)
  if (entry !== undefined) image.write(entry.at + 8, count)
  const address = image.value(tag.verNeed)
  const section = image.sections().find((candidate) => candidate.address === address)
  // sh_info of .gnu.version_r repeats the count.
  if (section !== undefined) image.bytes.writeUInt32LE(count, section.at + 44)
}
