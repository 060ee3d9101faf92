/**
 * Chunked bodies (RFC 9112 7.1): a state machine that takes bytes as they come. Sizes, extensions and trailers
 * are checked and dropped; only the data goes on.
 */

import { carriageReturn, hexBit, isA, lineFeed, tokenBit } from './bytes.ts'
import { FieldSection, readFields, type Complaint } from './fields.ts'

/** What is wrong with a chunked body: not one, its extensions too long, its trailers too long. */
export interface ChunkComplaint {
  readonly kind: 'invalid' | 'extensions-too-long' | 'trailers-too-long'
  readonly complaint: Complaint
}

type State =
  | 'size-first'
  | 'size'
  | 'extension-name'
  | 'extension-value'
  | 'extension-quoted'
  | 'extension-quoted-end'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer'
  | 'done'

/** Bytes of all extensions of one body. */
const maxExtensionBytes = 16 * 1024
/** Bytes of the trailer section. */
const maxTrailerBytes = 16 * 1024
/** Hexadecimal digits that a safe integer holds. */
const maxSizeDigits = 13

const expectations = {
  'size-line': 'The size of a chunk does not end in CR LF.',
  data: 'A chunk does not end in CR LF where its size says.',
} as const

const semicolon = 0x3b
const equals = 0x3d
const quote = 0x22
const backslash = 0x5c

/** Reads one chunked body. */
export class ChunkReader {
  #state: State = 'size-first'
  /** Size being read, then bytes of the current chunk that are still to come. */
  #size = 0
  #digits = 0
  #extensionBytes = 0
  #extensionBegun = false
  #trailer = ''
  /** Where the data of the last {@link read} stand. */
  dataStart = 0
  dataEnd = 0

  /** Whether the body has ended, trailers included. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Takes bytes up to the end of the body. Data of several small chunks are moved together inside `bytes`, so that
   * one read makes one write: afterwards they stand from `dataStart` to `dataEnd`.
   * @returns offset behind the last byte taken, or what is wrong
   */
  read(bytes: Buffer, from: number, to: number): number | ChunkComplaint {
    this.dataStart = from
    this.dataEnd = from
    let at = from
    while (at < to && this.#state !== 'done') {
      if (this.#state === 'data') {
        at = this.#moveData(bytes, at, to)
        continue
      }
      if (this.#state === 'trailer') return this.#readTrailer(bytes, at, to)
      const complaint = this.#step(bytes[at] ?? 0)
      if (complaint !== null) return complaint
      at += 1
    }
    return at
  }

  #moveData(bytes: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#size)
    if (this.dataEnd === this.dataStart) this.dataStart = this.dataEnd = at
    if (this.dataEnd !== at) bytes.copyWithin(this.dataEnd, at, end)
    this.dataEnd += end - at
    this.#size -= end - at
    if (this.#size === 0) this.#state = 'data-cr'
    return end
  }

  #step(byte: number): ChunkComplaint | null {
    const state = this.#state
    if (state === 'size-first') return this.#beginSize(byte)
    if (state === 'size') return this.#stepSize(byte)
    if (state === 'size-lf')
      return this.#expect(byte, lineFeed, this.#size === 0 ? 'trailer' : 'data', 'size-line')
    if (state === 'data-cr') return this.#expect(byte, carriageReturn, 'data-lf', 'data')
    if (state === 'data-lf') return this.#expect(byte, lineFeed, 'size-first', 'data')
    return this.#stepExtension(byte)
  }

  #expect(
    byte: number,
    wanted: number,
    next: State,
    where: keyof typeof expectations,
  ): ChunkComplaint | null {
    if (byte !== wanted) return invalid(expectations[where])
    this.#state = next
    return null
  }

  #beginSize(byte: number): ChunkComplaint | null {
    if (!isA(byte, hexBit)) return invalid('A chunk has no size.')
    this.#size = hexValue(byte)
    this.#digits = this.#size === 0 ? 0 : 1
    this.#state = 'size'
    return null
  }

  #stepSize(byte: number): ChunkComplaint | null {
    if (isA(byte, hexBit)) {
      const value = hexValue(byte)
      if (this.#digits > 0 || value > 0) this.#digits += 1
      if (this.#digits > maxSizeDigits) return invalid('A chunk is larger than any body.')
      this.#size = this.#size * 16 + value
      // Leading zeros are allowed and count as what they are: bytes without use.
      return this.#digits === 0 ? this.#countExtension() : null
    }
    if (byte === carriageReturn) this.#state = 'size-lf'
    else if (byte === semicolon) this.#beginExtension()
    else return invalid('The size of a chunk is not a hexadecimal number.')
    return null
  }

  #beginExtension(): void {
    this.#state = 'extension-name'
    this.#extensionBegun = false
  }

  /** `;name`, `;name=token` or `;name="text"`: nothing that another reader could take for the end of the line. */
  #stepExtension(byte: number): ChunkComplaint | null {
    const tooLong = this.#countExtension()
    if (tooLong !== null) return tooLong
    if (this.#state === 'extension-quoted') return this.#stepQuoted(byte)
    if (this.#state !== 'extension-quoted-end' && isA(byte, tokenBit)) {
      this.#extensionBegun = true
      return null
    }
    if (this.#state === 'extension-value' && !this.#extensionBegun && byte === quote) {
      this.#state = 'extension-quoted'
      return null
    }
    if (!this.#extensionBegun) return invalid('A chunk extension is not one.')
    if (byte === carriageReturn) this.#state = 'size-lf'
    else if (byte === semicolon) this.#beginExtension()
    else if (byte === equals && this.#state === 'extension-name') {
      this.#state = 'extension-value'
      this.#extensionBegun = false
    } else return invalid('A chunk extension is not one.')
    return null
  }

  #stepQuoted(byte: number): ChunkComplaint | null {
    if (byte === quote) {
      this.#state = 'extension-quoted-end'
      this.#extensionBegun = true
    } else if (byte < 0x20 || byte >= 0x7f || byte === backslash) {
      return invalid('A chunk extension has a character that is not allowed.')
    }
    return null
  }

  #countExtension(): ChunkComplaint | null {
    this.#extensionBytes += 1
    if (this.#extensionBytes <= maxExtensionBytes) return null
    return { kind: 'extensions-too-long', complaint: 'The chunk extensions are too long.' }
  }

  /** Trailers are checked like any field and go no further (RFC 9110 6.5.1 allows it). */
  #readTrailer(bytes: Buffer, from: number, to: number): number | ChunkComplaint {
    let at = from
    while (at < to) {
      const lineEnd = bytes.indexOf(lineFeed, at)
      const end = lineEnd === -1 || lineEnd >= to ? to : lineEnd + 1
      const before = this.#trailer.endsWith('\r') ? '\r' : ''
      const piece = bytes.toString('latin1', at, end)
      this.#trailer += piece
      at = end
      if (this.#trailer.length > maxTrailerBytes)
        return { kind: 'trailers-too-long', complaint: 'The trailers are too long.' }
      if (badLineEnd.test(before + piece)) return invalid('A trailer line does not end in CR LF.')
      if (this.#trailer === '\r\n' || this.#trailer.endsWith('\r\n\r\n')) {
        this.#state = 'done'
        return trailerComplaint(this.#trailer) ?? at
      }
    }
    return at
  }
}

/** A line feed without its carriage return, or the other way round. */
const badLineEnd = /(?<!\r)\n|\r(?!\n|$)/

function trailerComplaint(text: string): ChunkComplaint | null {
  const section = new FieldSection()
  const bytes = Buffer.from(text, 'latin1')
  const complaint = readFields(bytes, text, 0, 0, bytes.length - 2, section)
  if (complaint !== null) return invalid(complaint)
  if (section.length === null && section.transfer === null) return null
  return invalid('A trailer says how long the body is.')
}

function invalid(complaint: Complaint): ChunkComplaint {
  return { kind: 'invalid', complaint }
}

/** Value of a hexadecimal digit: letters have bit 6 set, and their value is nine more than their low four bits. */
function hexValue(byte: number): number {
  return (byte & 0x0f) + ((byte & 0x40) === 0 ? 0 : 9)
}
