/** A WebSocket client that does no more than what is measured. */

import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { acceptFor, goodbye, handshake, handshakeKey, maskedFrame, plainFrame } from './frames.ts'
import { host } from './target.ts'

const endOfHead = '\r\n\r\n'

/** One socket: its handshake and first message are compared byte by byte, later answers are counted. */
export class SocketClient {
  readonly #socket: Socket
  readonly #message: Buffer
  readonly #answer: Buffer
  readonly #opened = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()
  /** What came before the first message was answered; null from then on. */
  #first: Buffer | null = Buffer.alloc(0)
  #messages = 0
  #have = 0
  #isRunning = false

  constructor(port: number, size: number) {
    this.#message = maskedFrame(size)
    this.#answer = plainFrame(size)
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.once('connect', () => this.#socket.write(handshake(`/socket?size=${size}`, host)))
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes))
    this.#socket.on('error', this.#opened.reject)
    this.#socket.on('close', () => {
      this.#opened.reject(new Error('a socket was closed'))
      this.#closed.resolve()
    })
    // Whoever opened it may not wait for it any more.
    this.#opened.promise.catch(() => undefined)
  }

  /** Resolves when the first message came back. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /** Resolves when its connection has ended, by whomever. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Whether it still is. */
  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Messages that were answered since the first one. */
  get messages(): number {
    return this.#messages
  }

  /** Sends a message, and the next one whenever one was answered. */
  start(): void {
    this.#isRunning = true
    this.#socket.write(this.#message)
  }

  /** Sends no further message. */
  stop(): void {
    this.#isRunning = false
  }

  /** Says goodbye and closes the connection. */
  close(): void {
    this.#socket.end(goodbye)
  }

  #read(bytes: Buffer): void {
    if (this.#first !== null) return this.#readFirst(Buffer.concat([this.#first, bytes]))
    this.#have += bytes.length
    if (this.#have < this.#answer.length) return
    this.#have -= this.#answer.length
    this.#messages += 1
    if (this.#isRunning) this.#socket.write(this.#message)
  }

  #readFirst(all: Buffer): void {
    const had = this.#first?.includes(endOfHead)
    this.#first = all
    const end = all.indexOf(endOfHead)
    if (end === -1) return
    const head = all.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 101 ') || !head.includes(acceptFor(handshakeKey)))
      return this.#opened.reject(new Error(`the handshake was answered with ${head.slice(9, 12)}`))
    if (had !== true) this.#socket.write(this.#message)
    const message = all.subarray(end + endOfHead.length)
    if (message.length < this.#answer.length) return
    this.#first = null
    if (message.equals(this.#answer)) this.#opened.resolve()
    else this.#opened.reject(new Error('another message came back than was sent'))
  }
}
