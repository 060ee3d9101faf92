/** The part of an HTTP response that the file sender needs, over a transaction. */

import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { Failure } from '../fault/failure.ts'
import { dateLine } from '../http1/status-line.ts'
import type { Transaction, TransactionOwner, WriteOutcome } from '../http1/transaction.ts'

/** A writable answer with fields. Data are streamed with backpressure; a client that leaves destroys it. */
export class FileResponse extends Writable implements TransactionOwner {
  statusCode = 200
  /** Watched by the file sender for the end of the client. */
  readonly socket: Socket
  readonly #transaction: Transaction
  readonly #complete: (fields: readonly string[]) => readonly string[]
  readonly #fields = new Map<string, readonly [name: string, value: string]>()
  #goOn: (() => void) | null = null
  /** Bytes the head announces. */
  #promised = 0

  constructor(
    transaction: Transaction,
    socket: Socket,
    complete: (fields: readonly string[]) => readonly string[],
  ) {
    super({ highWaterMark: 64 * 1024 })
    this.#transaction = transaction
    this.socket = socket
    this.#complete = complete
    transaction.owner = this
    this.on('error', () => transaction.breakOff())
  }

  get headersSent(): boolean {
    return this.#transaction.answering
  }

  get finished(): boolean {
    return this.#transaction.done
  }

  setHeader(name: string, value: string | number): void {
    this.#fields.set(name.toLowerCase(), [name, String(value)])
  }

  getHeader(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.[1]
  }

  removeHeader(name: string): void {
    this.#fields.delete(name.toLowerCase())
  }

  getHeaderNames(): readonly string[] {
    return [...this.#fields.keys()]
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    this.#begin()
    if (this.#transaction.write(bytes, 0, bytes.length) === 'full') this.#goOn = done
    else done()
  }

  override _final(done: () => void): void {
    this.#begin()
    // A file that became shorter while it was sent.
    if (this.#transaction.bytesOut < this.#promised) this.#transaction.breakOff()
    else this.#transaction.end()
    done()
  }

  onDrain(): void {
    const goOn = this.#goOn
    this.#goOn = null
    goOn?.()
  }

  onGone(): void {
    this.destroy()
  }

  onBody(): WriteOutcome {
    return 'gone'
  }

  onBodyEnd(): void {
    // A file does not depend on what was sent with the request.
  }

  onBodyRefused(_reason: Failure): void {
    this.destroy()
  }

  #begin(): void {
    if (this.headersSent) return
    const fields = this.#complete([...this.#fields.values()].flat())
    let lines = dateLine()
    for (let i = 0; i < fields.length; i += 2) lines += `${fields[i]}: ${fields[i + 1]}\r\n`
    const { head } = this.#transaction
    const empty = 'code' in head || head.method === 'HEAD' || !this.#fields.has('content-length')
    this.#promised = empty ? 0 : Number(this.getHeader('content-length'))
    this.#transaction.begin(this.statusCode, lines, empty ? 'none' : 'length')
  }
}
