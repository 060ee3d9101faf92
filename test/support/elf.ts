import { open } from 'node:fs/promises'

/**
 * The shared libraries an executable asks the loader for. Reads the file by the System V gABI on its own, so that
 * a mistake in the scripts that change such files cannot hide itself.
 */
export async function neededLibraries(path: string): Promise<readonly string[]> {
  const file = await open(path)
  try {
    const read = async (offset: number, length: number): Promise<Buffer> =>
      (await file.read(Buffer.alloc(length), 0, length, offset)).buffer
    const header = await read(0, 64)
    const table = await read(word(header, 32), header.readUInt16LE(56) * 56)
    const segments = chunks(table, 56).map((entry) => ({
      type: entry.readUInt32LE(0),
      offset: word(entry, 8),
      address: word(entry, 16),
      size: word(entry, 32),
    }))
    const section = segments.find(({ type }) => type === 2)
    if (section === undefined) return []
    const entries = chunks(await read(section.offset, section.size), 16).map((entry) => ({
      tag: word(entry, 0),
      value: word(entry, 8),
    }))
    const end = entries.findIndex(({ tag }) => tag === 0)
    const live = entries.slice(0, end)
    const strings = live.find(({ tag }) => tag === 5)?.value ?? 0
    const home = segments.find(
      ({ type, address, size }) => type === 1 && strings >= address && strings < address + size,
    )
    if (home === undefined) throw new Error(`${path}: its string table is nowhere`)
    const names = live.filter(({ tag }) => tag === 1)
    return await Promise.all(
      names.map(async ({ value }) => {
        const text = (await read(strings - home.address + home.offset + value, 256)).toString('latin1')
        return text.slice(0, text.indexOf('\0'))
      }),
    )
  } finally {
    await file.close()
  }
}

function word(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

function chunks(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: bytes.length / size }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}
