/** The answers of HTTP/1.1 on a raw socket, as far as a load generator must read them: status, length, completeness. */

/** What is known of the answer a connection is reading. */
export interface Answer {
  readonly status: number
  /** Bytes of the body that have not come yet. */
  left: number
}

const endOfHead = '\r\n\r\n'

/** Reads answers with a Content-Length off one connection. */
export class AnswerReader {
  #head = ''
  #answer: Answer | null = null

  /**
   * @returns the status once an answer is complete, else null
   * @throws Error when it is framed otherwise: what is not understood must not count as good
   */
  read(bytes: Buffer): number | null {
    this.#answer ??= this.#readHead(bytes)
    if (this.#answer === null) return null
    if (this.#head === '') this.#answer.left -= bytes.length
    this.#head = ''
    if (this.#answer.left > 0) return null
    const { status } = this.#answer
    this.#answer = null
    return status
  }

  #readHead(bytes: Buffer): Answer | null {
    this.#head += bytes.toString('latin1')
    const end = this.#head.indexOf(endOfHead)
    if (end === -1) return null
    const length = /^content-length:[ \t]*(\d+)/im.exec(this.#head)?.[1]
    if (length === undefined) throw new Error(`an answer without Content-Length: ${this.#head.slice(0, 40)}`)
    const have = this.#head.length - end - endOfHead.length
    return { status: Number(this.#head.slice(9, 12)), left: Number(length) - have }
  }
}
