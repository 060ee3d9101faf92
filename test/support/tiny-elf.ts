/** What differs between the files that {@link tinyElf} makes. */
export interface TinyElf {
  /** `e_machine`; 62 is x64, 183 arm64. */
  readonly machine?: number
  /** Imported functions, one jump slot each. */
  readonly imports?: readonly string[]
  /** Libraries asked for, each with one version record, in this order. */
  readonly libraries?: readonly string[]
  /** Free bytes between the code and what follows it. */
  readonly padding?: number
  /** Written into the first byte of the padding. */
  readonly litter?: number
  /** Type of the relocations: 7 is the jump slot of x64, 1026 that of arm64. */
  readonly relocation?: number
  readonly bindNow?: boolean
}

const base = 0x400000
const codeSize = 100

/**
 * A file with just enough of an executable's parts to be patched: one read-only, one executable and one writable
 * segment, a dynamic section, symbols, relocations and version needs. Not meant to run.
 */
export function tinyElf(options: TinyElf = {}): Buffer {
  const { machine = 62, imports = ['__atomic_compare_exchange'], padding = 1024, litter = 0 } = options
  const { libraries = ['libatomic.so.1', 'libc.so.6'], relocation = 7, bindNow = true } = options
  const strings = ['', ...imports, ...libraries, 'V_1']
  const tables = {
    strings: Buffer.from(strings.map((text) => `${text}\0`).join(''), 'latin1'),
    symbols: Buffer.concat([Buffer.alloc(24), ...imports.map((name) => symbol(offsetOf(strings, name)))]),
    versions: words16([0, ...imports.map(() => 2)]),
    needs: Buffer.concat(libraries.map((name, index) => need(strings, name, index === libraries.length - 1))),
    relocations: Buffer.concat(imports.map((_, index) => jump(relocation, index + 1))),
  }
  const place = {
    strings: 0x200,
    symbols: 0x300,
    versions: 0x400,
    needs: 0x500,
    relocations: 0x600,
    end: 0x700,
  }
  const code = place.end
  const data = code + codeSize + padding
  const entries: [number, number][] = [
    ...libraries.map((name): [number, number] => [1, offsetOf(strings, name)]),
    ...([
      [5, base + place.strings],
      [6, base + place.symbols],
      [23, base + place.relocations],
      [2, tables.relocations.length],
      [0x6ffffff0, base + place.versions],
      [0x6ffffffe, base + place.needs],
      [0x6fffffff, libraries.length],
      [30, bindNow ? 8 : 0],
      [0, 0],
    ] as [number, number][]),
  ]
  const dynamic = Buffer.concat(entries.map((entry) => words64(entry)))
  const bytes = Buffer.alloc(data + dynamic.length)
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1')
  bytes.writeUInt16LE(machine, 18)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(4, 56)
  Buffer.concat([
    segment(1, 4, 0, place.end),
    segment(1, 5, code, codeSize),
    segment(1, 6, data, dynamic.length),
    segment(2, 6, data, dynamic.length),
  ]).copy(bytes, 64)
  tables.strings.copy(bytes, place.strings)
  tables.symbols.copy(bytes, place.symbols)
  tables.versions.copy(bytes, place.versions)
  tables.needs.copy(bytes, place.needs)
  tables.relocations.copy(bytes, place.relocations)
  bytes.fill(0x90, code, code + codeSize)
  bytes.writeUInt8(litter, code + codeSize)
  dynamic.copy(bytes, data)
  return bytes
}

function symbol(name: number): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt32LE(name, 0)
  bytes.writeUInt8(0x12, 4)
  return bytes
}

function need(strings: readonly string[], library: string, last: boolean): Buffer {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt16LE(1, 0)
  bytes.writeUInt16LE(1, 2)
  bytes.writeUInt32LE(offsetOf(strings, library), 4)
  bytes.writeUInt32LE(16, 8)
  bytes.writeUInt32LE(last ? 0 : 32, 12)
  bytes.writeUInt32LE(offsetOf(strings, 'V_1'), 24)
  return bytes
}

function jump(type: number, index: number): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt32LE(type, 8)
  bytes.writeUInt32LE(index, 12)
  return bytes
}

function segment(type: number, flags: number, offset: number, size: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(type, 0)
  head.writeUInt32LE(flags, 4)
  return Buffer.concat([head, words64([offset, base + offset, base + offset, size, size, 0x100])])
}

function offsetOf(strings: readonly string[], text: string): number {
  return strings.slice(0, strings.indexOf(text)).join('\0').length + 1
}

function words64(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8))
  return bytes
}

function words16(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => bytes.writeUInt16LE(value, index * 2))
  return bytes
}
