/**
 * Takes the signature off a Windows executable. What is put into Node makes its publisher's signature wrong, and a wrong
 * one is worse than none: it says that somebody tampered with the file. Layout: PE format, "Attribute certificate table".
 */

/** Where the fields are: of the file, and behind the signature `PE\0\0` with its 20 bytes of header. */
const field = { header: 60, machine: 4, optional: 24, checksum: 64, directories: 112 }
const certificates = 4
const pe32plus = 0x20b

/**
 * @param {Buffer} bytes a whole executable; not changed
 * @returns {Buffer} the same without its signature
 * @throws {Error} when it is not laid out as expected
 */
export function unsign(bytes) {
  const { offset, size, at } = signatureOf(bytes)
  if (size === 0) return Buffer.from(bytes)
  if (offset + size !== bytes.length)
    throw new Error('cannot take the signature off: something lies behind it')
  const result = Buffer.from(bytes.subarray(0, offset))
  result.writeBigUInt64LE(0n, at)
  // Of the file as it was signed; 0 = none, which is all that a program needs.
  result.writeUInt32LE(0, optionalHeader(bytes) + field.checksum)
  return result
}

/**
 * @param {Buffer} bytes
 * @returns {{offset: number, size: number, at: number}} place of the signature in the file, and of the entry that names it
 */
export function signatureOf(bytes) {
  const at = optionalHeader(bytes) + field.directories + certificates * 8
  return { offset: bytes.readUInt32LE(at), size: bytes.readUInt32LE(at + 4), at }
}

/** @param {Buffer} bytes @returns {number} processor type */
export function machineOf(bytes) {
  return bytes.readUInt16LE(peHeader(bytes) + field.machine)
}

/** @param {Buffer} bytes */
function optionalHeader(bytes) {
  const at = peHeader(bytes) + field.optional
  if (bytes.readUInt16LE(at) !== pe32plus) throw new Error('not a 64-bit Windows executable')
  return at
}

/** @param {Buffer} bytes */
function peHeader(bytes) {
  const at = bytes.length > field.header + 4 ? bytes.readUInt32LE(field.header) : bytes.length
  if (bytes.toString('latin1', at, at + 4) !== 'PE\0\0') throw new Error('not a Windows executable')
  return at
}
