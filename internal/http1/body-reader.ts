/** The body of one message, whatever says where it ends: bytes go in as they come, data come out. */

import { ChunkReader, type ChunkComplaint } from './chunks.ts'
import type { Framing } from './head.ts'

/** Follows one body. Afterwards of each `read` the data stand from `dataStart` to `dataEnd` in the same bytes. */
export class BodyReader {
  readonly #framing: Framing
  readonly #chunks: ChunkReader | null
  #left: number
  dataStart = 0
  dataEnd = 0

  constructor(framing: Framing) {
    this.#framing = framing
    this.#chunks = framing.kind === 'chunked' ? new ChunkReader() : null
    this.#left = framing.kind === 'length' ? framing.bytes : 0
  }

  /** How the end of the body is known. */
  get framing(): Framing['kind'] {
    return this.#framing.kind
  }

  /** Whether all of the body has been taken; a body that ends with the connection never says so. */
  get done(): boolean {
    if (this.#chunks !== null) return this.#chunks.done
    return this.#framing.kind !== 'close' && this.#left === 0
  }

  /** Takes bytes, at most to the end of the body. @returns offset behind the last byte taken, or what is wrong */
  read(bytes: Buffer, from: number, to: number): number | ChunkComplaint {
    if (this.#chunks !== null) {
      const at = this.#chunks.read(bytes, from, to)
      this.dataStart = this.#chunks.dataStart
      this.dataEnd = this.#chunks.dataEnd
      return at
    }
    const end = this.#framing.kind === 'close' ? to : Math.min(to, from + this.#left)
    this.dataStart = from
    this.dataEnd = end
    this.#left -= this.#framing.kind === 'close' ? 0 : end - from
    return end
  }
}
