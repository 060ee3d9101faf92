/** A view of a 64-bit Mach-O executable, over its bytes: header, load commands, segments. */

/** @typedef {{at: number, kind: number, size: number}} Command */
/** @typedef {{at: number, name: string, memorySize: number, fileOffset: number, fileSize: number, sections: number[]}} Segment */

/** Kinds of load commands that matter here (mach-o/loader.h). */
export const command = { segment: 0x19, signature: 0x1d, buildVersion: 0x32 }

/** Processor types. */
export const cpu = { x64: 0x01000007, arm64: 0x0100000c }

/** Where the fields of the header are. */
const header = { cpu: 4, fileType: 12, commandCount: 16, commandSize: 20 }
const headerSize = 32
const executableFile = 2

/** Every reader walks the bytes anew, so it also sees what was just written. */
export class Image {
  /** @param {Buffer} bytes the whole file; @throws {Error} when it is not a 64-bit executable for one processor */
  constructor(bytes) {
    if (bytes.length < headerSize || bytes.readUInt32LE(0) !== 0xfeedfacf)
      throw new Error('not a 64-bit Mach-O file')
    if (bytes.readUInt32LE(header.fileType) !== executableFile) throw new Error('not a Mach-O executable')
    this.bytes = bytes
  }

  /** One of {@link cpu}, or another number. */
  get cpu() {
    return this.bytes.readUInt32LE(header.cpu)
  }

  /** @returns {Command[]} in file order */
  commands() {
    const commands = []
    let at = headerSize
    for (let left = this.bytes.readUInt32LE(header.commandCount); left > 0; left -= 1) {
      const size = this.bytes.readUInt32LE(at + 4)
      if (size < 8) throw new Error(`the load command at ${at} says it has ${size} bytes`)
      commands.push({ at, kind: this.bytes.readUInt32LE(at), size })
      at += size
    }
    return commands
  }

  /** @returns {Segment[]} */
  segments() {
    return this.commands()
      .filter(({ kind }) => kind === command.segment)
      .map(({ at }) => ({
        at,
        name: this.bytes.toString('latin1', at + 8, at + 24).replace(/\0+$/, ''),
        memorySize: this.#word(at + 32),
        fileOffset: this.#word(at + 40),
        fileSize: this.#word(at + 48),
        sections: this.#sectionOffsets(at),
      }))
  }

  /** @param {string} name @returns {Segment} @throws {Error} when there is none */
  segment(name) {
    const found = this.segments().find((segment) => segment.name === name)
    if (found === undefined) throw new Error(`it has no segment ${name}`)
    return found
  }

  /** @returns {{end: number, limit: number}} where the load commands end, and how far they may grow */
  room() {
    const offsets = this.segments().flatMap(({ sections }) => sections)
    return {
      end: headerSize + this.bytes.readUInt32LE(header.commandSize),
      limit: Math.min(this.bytes.length, ...offsets),
    }
  }

  /** @param {Buffer} added one more load command; there must be room for it */
  append(added) {
    const { end, limit } = this.room()
    if (end + added.length > limit)
      throw new Error(`behind its load commands are ${limit - end} bytes, ${added.length} are needed`)
    added.copy(this.bytes, end)
    this.bytes.writeUInt32LE(this.bytes.readUInt32LE(header.commandCount) + 1, header.commandCount)
    this.bytes.writeUInt32LE(end + added.length - headerSize, header.commandSize)
  }

  /** @param {Segment} segment @param {number} fileSize @param {number} memorySize */
  resize({ at }, fileSize, memorySize) {
    this.bytes.writeBigUInt64LE(BigInt(memorySize), at + 32)
    this.bytes.writeBigUInt64LE(BigInt(fileSize), at + 48)
  }

  /** Places in the file of the sections that have one. @param {number} at of the segment @returns {number[]} */
  #sectionOffsets(at) {
    const count = this.bytes.readUInt32LE(at + 64)
    const offsets = Array.from({ length: count }, (_, index) =>
      this.bytes.readUInt32LE(at + 72 + index * 80 + 48),
    )
    return offsets.filter((offset) => offset > 0)
  }

  /** @param {number} at */
  #word(at) {
    return Number(this.bytes.readBigUInt64LE(at))
  }
}
