/** What Node put into an executable (src/node_sea.cc of Node 26): read back from the finished file. */

import { createHash } from 'node:crypto'

/** The part of it that says whether the right things are inside. */
export interface Inside {
  /** Name of the main module. */
  readonly main: string
  /** SHA-256 of every asset, by its name. */
  readonly assets: ReadonlyMap<string, string>
}

/** Node looks for what is inside only where the digit behind this has become 1. */
const fuse = Buffer.from('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:')

const magic = 0x0143da20
const flag = { codeCache: 4, assets: 8 }

/** @throws {Error} with what is missing, or is not as expected */
export function readInside(bytes: Buffer): Inside {
  const [at, ...others] = placesOf(bytes, fuse)
  if (at === undefined || others.length > 0) throw new Error('it has not exactly one fuse of Node')
  const state = String.fromCharCode(bytes[at + fuse.length] ?? 0)
  if (state !== '1') throw new Error(`its fuse is ${state}: Node would not look for what is inside`)
  const start = Buffer.alloc(4)
  start.writeUInt32LE(magic)
  // The number also occurs in Node's own code and tables.
  for (const place of placesOf(bytes, start).toReversed()) {
    const inside = readBlob(bytes, place)
    if (inside !== null) return inside
  }
  throw new Error('nothing of ours is inside')
}

/** Null when something else begins there. */
function readBlob(bytes: Buffer, place: number): Inside | null {
  const reader = new Reader(bytes, place + 4)
  const flags = reader.number32()
  // How arguments of Node are treated, and what kind of module the main one is.
  reader.skip(2)
  const main = reader.text()
  if (main !== 'fluxlit.mjs') return null
  reader.bytes()
  if ((flags & flag.codeCache) !== 0) reader.bytes()
  if ((flags & flag.assets) === 0) return { main, assets: new Map() }
  const assets = Array.from({ length: reader.number64() }, (): [string, string] => [
    reader.text() ?? '',
    createHash('sha256').update(reader.bytes()).digest('hex'),
  ])
  return { main, assets: new Map(assets) }
}

function placesOf(bytes: Buffer, wanted: Buffer): readonly number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) places.push(at)
  return places
}

/** Numbers are little-endian on all our targets; texts have their length in front. */
class Reader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  skip(count: number): void {
    this.#at += count
  }

  number32(): number {
    this.#at += 4
    return this.#bytes.readUInt32LE(this.#at - 4)
  }

  number64(): number {
    this.#at += 8
    return Number(this.#bytes.readBigUInt64LE(this.#at - 8))
  }

  bytes(): Buffer {
    const length = this.number64()
    if (this.#at + length > this.#bytes.length) throw new Error(`${length} bytes are not there`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Null when what stands there is no name. */
  text(): string | null {
    const length = this.number64()
    if (length > 4096) return null
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}
