/** One connection of the bench's own upstream: requests one after the other, each answered by what its path asks. */

import type { Socket } from 'node:net'

import { acceptFor, maskedFrame, plainFrame } from '../load/frames.ts'
import type { Events } from './events.ts'
import { readHead } from './head.ts'
import type { Head } from './head.ts'

/** What the bytes that come next are. */
type Reading =
  | { readonly kind: 'head' }
  | { readonly kind: 'body'; left: number; total: number }
  | { readonly kind: 'chunked'; total: number }
  | { readonly kind: 'messages'; readonly size: number; readonly answer: Buffer; have: number }
  | { readonly kind: 'nothing' }

/** What the connections share. */
export interface Shared {
  readonly events: Events
  /** Open WebSockets. */
  readonly sockets: Set<Socket>
}

const json = '{"name":"Ada","id":1,"items":[1,2,3,4,5,6,7,8,9,10],"note":"hello world, this is a small json"}'
const endOfHead = '\r\n\r\n'
const lastChunk = '0\r\n\r\n'
const block = Buffer.alloc(64 * 1024, 'x')

/** Answers what comes in on a socket until it closes. */
export class Connection {
  readonly #socket: Socket
  readonly #shared: Shared
  #reading: Reading = { kind: 'head' }
  /** What is read of a head, or the last bytes of a chunked body. */
  #text = ''

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket
    this.#shared = shared
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('error', () => socket.destroy())
  }

  #read(bytes: Buffer): void {
    const reading = this.#reading
    switch (reading.kind) {
      case 'head':
        return this.#readHead(bytes)
      case 'body':
        reading.left -= bytes.length
        return reading.left <= 0 ? this.#received(reading.total) : undefined
      case 'chunked':
        reading.total += bytes.length
        this.#text = (this.#text + bytes.toString('latin1', Math.max(0, bytes.length - 5))).slice(-5)
        return this.#text === lastChunk ? this.#received(reading.total) : undefined
      case 'messages':
        reading.have += bytes.length
        for (; reading.have >= reading.size; reading.have -= reading.size) this.#socket.write(reading.answer)
        return
      case 'nothing':
    }
  }

  #readHead(bytes: Buffer): void {
    this.#text += bytes.toString('latin1')
    const end = this.#text.indexOf(endOfHead)
    if (end === -1) return
    const head = readHead(this.#text.slice(0, end))
    const rest = bytes.subarray(bytes.length - (this.#text.length - end - endOfHead.length))
    this.#text = ''
    this.#begin(head)
    if (rest.length > 0) this.#read(rest)
  }

  #begin(head: Head): void {
    if (head.key !== null) return this.#upgrade(head, head.key)
    if (head.length === 'chunked') this.#reading = { kind: 'chunked', total: 0 }
    else if (head.length > 0) this.#reading = { kind: 'body', left: head.length, total: head.length }
    else if (head.path === '/events') this.#stream()
    else if (head.path === '/bytes') this.#download(Number(head.query.get('size')))
    else this.#answer(head.path === '/hang-up' ? this.#hangUp() : json)
  }

  #received(total: number): void {
    this.#reading = { kind: 'head' }
    this.#text = ''
    this.#answer(`{"received":${total}}`)
  }

  #answer(body: string): void {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    this.#socket.write(head + body, 'latin1')
  }

  #download(size: number): void {
    this.#socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    let left = size
    const more = (): void => {
      while (left > 0 && this.#socket.writable) {
        const part = left < block.length ? block.subarray(0, left) : block
        left -= part.length
        if (!this.#socket.write(part)) return void this.#socket.once('drain', more)
      }
    }
    more()
  }

  #stream(): void {
    this.#reading = { kind: 'nothing' }
    const head = 'Content-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked'
    this.#socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
    this.#shared.events.add(this.#socket)
  }

  #upgrade({ query }: Head, key: string): void {
    const size = Number(query.get('size') ?? 1024)
    this.#reading = { kind: 'messages', size: maskedFrame(size).length, answer: plainFrame(size), have: 0 }
    const head = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}`
    this.#socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n\r\n`)
    this.#shared.sockets.add(this.#socket)
    this.#socket.once('close', () => this.#shared.sockets.delete(this.#socket))
  }

  #hangUp(): string {
    for (const socket of this.#shared.sockets) socket.destroy()
    return '{"closed":true}'
  }
}
