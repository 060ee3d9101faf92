/**
 * A view of a 64-bit little-endian ELF file, over its bytes: just what the loader reads (segments, the dynamic
 * section, symbols, relocations, version needs), for reading and for changing in place.
 */

/** @typedef {{at: number, type: number, flags: number, offset: number, address: number, fileSize: number, memorySize: number}} Segment */
/** @typedef {{at: number, flags: number, address: number, offset: number, size: number}} Section */
/** @typedef {{at: number, tag: number, value: number}} DynamicEntry */
/** @typedef {{at: number, offset: number, type: number, symbol: number, addend: number}} Relocation */
/** @typedef {{index: number, name: string, section: number}} ElfSymbol */
/** @typedef {{at: number, file: string, auxiliary: number, next: number}} VersionNeed */

/** Tags of the dynamic section that matter here (System V gABI, GNU extensions). */
export const tag = {
  null: 0,
  needed: 1,
  pltRelSize: 2,
  strTab: 5,
  symTab: 6,
  bindNow: 24,
  flags: 30,
  jmpRel: 23,
  flags1: 0x6ffffffb,
  verNeed: 0x6ffffffe,
  verNeedNum: 0x6fffffff,
  verSym: 0x6ffffff0,
}

/** Where an ELF header keeps the fields used here and in strip.mjs. */
export const header = {
  machine: 18,
  segmentTable: 32,
  sectionTable: 40,
  segmentCount: 56,
  sectionCount: 60,
  sectionNames: 62,
}

/** The parts of an ELF file; every reader walks the bytes anew, so it also sees what was just written. */
export class Image {
  /** @param {Buffer} bytes the whole file; @throws {Error} when it is not a 64-bit little-endian ELF file */
  constructor(bytes) {
    if (bytes.length < 64 || bytes.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') {
      throw new Error('not a 64-bit little-endian ELF file')
    }
    this.bytes = bytes
  }

  /** `e_machine`: 62 is x86-64, 183 is AArch64. */
  get machine() {
    return this.bytes.readUInt16LE(header.machine)
  }

  /** @returns {Segment[]} the program headers, in file order */
  segments() {
    const table = this.#word(header.segmentTable)
    return Array.from({ length: this.bytes.readUInt16LE(header.segmentCount) }, (_, index) => {
      const at = table + index * 56
      return {
        at,
        type: this.bytes.readUInt32LE(at),
        flags: this.bytes.readUInt32LE(at + 4),
        offset: this.#word(at + 8),
        address: this.#word(at + 16),
        fileSize: this.#word(at + 32),
        memorySize: this.#word(at + 40),
      }
    })
  }

  /** The segments that are mapped into memory. */
  loads() {
    return this.segments().filter((segment) => segment.type === 1)
  }

  /** @returns {Section[]} the section headers; none in a file without them */
  sections() {
    const table = this.#word(header.sectionTable)
    return Array.from({ length: this.bytes.readUInt16LE(header.sectionCount) }, (_, index) => {
      const at = table + index * 64
      return {
        at,
        flags: this.#word(at + 8),
        address: this.#word(at + 16),
        offset: this.#word(at + 24),
        size: this.#word(at + 32),
      }
    })
  }

  /** @returns {DynamicEntry[]} the dynamic section up to its end mark; empty in a static file */
  dynamic() {
    const segment = this.segments().find(({ type }) => type === 2)
    const entries = []
    for (let at = segment?.offset ?? this.bytes.length; at + 16 <= this.bytes.length; at += 16) {
      const entry = { at, tag: this.#word(at), value: this.#word(at + 8) }
      if (entry.tag === tag.null) break
      entries.push(entry)
    }
    return entries
  }

  /** @param {number} wanted one of {@link tag} @returns {number | undefined} the value of its first entry */
  value(wanted) {
    return this.dynamic().find((entry) => entry.tag === wanted)?.value
  }

  /** Names of the shared libraries the loader must find. */
  needed() {
    return this.dynamic()
      .filter((entry) => entry.tag === tag.needed)
      .map((entry) => ({ ...entry, name: this.string(entry.value) }))
  }

  /** @returns {Relocation[]} the relocations of the procedure linkage table */
  jumpRelocations() {
    const start = this.value(tag.jmpRel)
    if (start === undefined) return []
    const table = this.fileOffset(start)
    return Array.from({ length: (this.value(tag.pltRelSize) ?? 0) / 24 }, (_, index) => {
      const at = table + index * 24
      return {
        at,
        offset: this.#word(at),
        type: this.bytes.readUInt32LE(at + 8),
        symbol: this.bytes.readUInt32LE(at + 12),
        addend: this.#word(at + 16),
      }
    })
  }

  /** @param {number} index into the dynamic symbol table @returns {ElfSymbol} */
  symbol(index) {
    const at = this.fileOffset(this.value(tag.symTab) ?? 0) + index * 24
    return { index, name: this.string(this.bytes.readUInt32LE(at)), section: this.bytes.readUInt16LE(at + 6) }
  }

  /** @returns {VersionNeed[]} the chain of records that tie symbol versions to libraries */
  versionNeeds() {
    const start = this.value(tag.verNeed)
    const needs = []
    let at = start === undefined ? 0 : this.fileOffset(start)
    for (let left = this.value(tag.verNeedNum) ?? 0; left > 0; left -= 1) {
      const need = {
        at,
        file: this.string(this.bytes.readUInt32LE(at + 4)),
        auxiliary: this.bytes.readUInt32LE(at + 8),
        next: this.bytes.readUInt32LE(at + 12),
      }
      needs.push(need)
      at += need.next
    }
    return needs
  }

  /** @param {number} offset into the dynamic string table */
  string(offset) {
    const start = this.fileOffset(this.value(tag.strTab) ?? 0) + offset
    return this.bytes.toString('latin1', start, this.bytes.indexOf(0, start))
  }

  /** @param {number} address in memory @returns {number} the place in the file it is loaded from */
  fileOffset(address) {
    const home = this.loads().find(
      (load) => address >= load.address && address < load.address + load.fileSize,
    )
    if (home === undefined) throw new Error(`address 0x${address.toString(16)} is in no loaded segment`)
    return address - home.address + home.offset
  }

  /** @param {number} at place in the file @param {number} value below 2^53, written as a 64-bit word */
  write(at, value) {
    this.bytes.writeBigUInt64LE(BigInt(value), at)
  }

  /** @param {number} at */
  #word(at) {
    return Number(this.bytes.readBigUInt64LE(at))
  }
}
