/** What differs between the files that {@link tinyMachO} makes. */
export interface TinyMachO {
  /** Processor type; 0x0100000c is arm64, 0x01000007 x64. */
  readonly cpu?: number
  /** `MH_EXECUTE` is 2. */
  readonly fileType?: number
  /** Free bytes behind the load commands. */
  readonly room?: number
  /** Adds a load command that says it is signed. */
  readonly signed?: boolean
  /** Bytes behind the last segment. */
  readonly tail?: number
  /** Oldest version of the system it says it runs on. */
  readonly minimum?: readonly [number, number]
}

const textSize = 0x5000
const linkSize = 0x1230

/** A file with just enough of a macOS executable's parts to be signed: `__TEXT` and `__LINKEDIT`. Not meant to run. */
export function tinyMachO(options: TinyMachO = {}): Buffer {
  const { cpu = 0x0100000c, fileType = 2, room = 64, signed = false, tail = 0, minimum } = options
  const signature = signed ? [numbers32(0x1d, 16, 0, 0)] : []
  const version =
    minimum === undefined ? [] : [numbers32(0x32, 24, 1, (minimum[0] << 16) | (minimum[1] << 8), 0, 0)]
  const sizes = 152 + 72 + signature.length * 16 + version.length * 24
  const commands = [
    segment('__TEXT', { offset: 0, size: textSize }, 32 + sizes + room),
    segment('__LINKEDIT', { offset: textSize, size: linkSize }),
    ...version,
    ...signature,
  ]
  const head = numbers32(0xfeedfacf, cpu, 0, fileType, commands.length, sizes, 0, 0)
  const file = Buffer.alloc(textSize + linkSize + tail, 0xab)
  Buffer.concat([head, ...commands, Buffer.alloc(room)]).copy(file)
  return file
}

/** A segment, with one section when the place of it is given. */
function segment(
  name: string,
  { offset, size }: { readonly offset: number; readonly size: number },
  section?: number,
): Buffer {
  const sections = section === undefined ? [] : [sectionAt(section)]
  return Buffer.concat([
    numbers32(0x19, 72 + sections.length * 80),
    fixed(name),
    numbers64(0x100000000 + offset, size, offset, size),
    numbers32(5, 5, sections.length, 0),
    ...sections,
  ])
}

function sectionAt(offset: number): Buffer {
  return Buffer.concat([
    fixed('__text'),
    fixed('__TEXT'),
    numbers64(0, 16),
    numbers32(offset, 0, 0, 0, 0, 0, 0, 0),
  ])
}

function fixed(name: string): Buffer {
  return Buffer.concat([Buffer.from(name), Buffer.alloc(16 - name.length)])
}

function numbers32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4))
  return bytes
}

function numbers64(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8))
  return bytes
}
