/**
 * Where WebSocket frames begin and end in a stream of bytes (RFC 6455 5.2). Only the 2 to 14 bytes of each
 * frame's header are looked at; payloads are skipped unread.
 */

/** Follows one direction of a socket. Feed it every chunk in order. */
export class FrameBoundary {
  /** Bytes of the current frame's payload that are still to come. */
  #payload = 0
  /** Bytes of a header that arrived in pieces. */
  readonly #header = Buffer.alloc(14)
  #headerBytes = 0
  /** Inside a message of several frames: only control frames may be put between them. */
  #fragmented = false
  #isClosed = false

  /** Whether the stream stands between two messages, where a frame of ours may be written. */
  get atMessageEnd(): boolean {
    return this.#payload === 0 && this.#headerBytes === 0 && !this.#fragmented
  }

  /** Whether a close frame has come: the other side knows that this is the end, and why. */
  get sawClose(): boolean {
    return this.#isClosed
  }

  /**
   * Takes the bytes from `start` to `end`.
   * @returns offset behind the first message that ends inside them, or -1 when none does
   */
  take(chunk: Buffer, start = 0, end = chunk.length): number {
    let at = start
    let firstEnd = -1
    while (at < end) {
      if (this.#payload > 0) {
        const skipped = Math.min(this.#payload, end - at)
        this.#payload -= skipped
        at += skipped
      } else {
        at = this.#readHeader(chunk, at, end)
      }
      if (firstEnd === -1 && this.atMessageEnd) firstEnd = at
    }
    return firstEnd
  }

  #readHeader(chunk: Buffer, start: number, end: number): number {
    let at = start
    while (at < end) {
      this.#header[this.#headerBytes++] = chunk[at++] ?? 0
      if (this.#headerBytes < 2 || this.#headerBytes < this.#headerLength()) continue
      this.#payload = this.#payloadLength()
      this.#follow()
      this.#headerBytes = 0
      return at
    }
    return at
  }

  #headerLength(): number {
    const second = this.#header[1] ?? 0
    const length = second & 0x7f
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4)
  }

  #payloadLength(): number {
    const length = (this.#header[1] ?? 0) & 0x7f
    if (length === 126) return this.#header.readUInt16BE(2)
    return length === 127 ? Number(this.#header.readBigUInt64BE(2)) : length
  }

  /** Control frames (opcode 8 and up) may come between the frames of a message and end none. */
  #follow(): void {
    const first = this.#header[0] ?? 0
    if ((first & 0x0f) < 8) this.#fragmented = (first & 0x80) === 0
    if ((first & 0x0f) === 8) this.#isClosed = true
  }
}

/** An unmasked binary message of one frame (RFC 6455 5.2), as a server sends it; of less than 64 KiB. */
export function binaryFrame(payload: Buffer): Buffer {
  const short = payload.length < 126
  const head = Buffer.alloc(short ? 2 : 4)
  head[0] = 0x82
  head[1] = short ? payload.length : 126
  if (!short) head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

/** An unmasked close frame with a status code (RFC 6455 5.5.1), as a server sends it. */
export function closeFrame(code: number): Buffer {
  const frame = Buffer.from([0x88, 2, 0, 0])
  frame.writeUInt16BE(code, 2)
  return frame
}
