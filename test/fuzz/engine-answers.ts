/** Our engine as a reader of answers: a connection to a worker that says what a case wants, then ends. */

import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  ClientConnection,
  type AnswerSink,
  type ConnectionPool,
  type UpstreamError,
} from '../../internal/http1/client-connection.ts'
import { AnswerMemory } from '../../internal/http1/answer-head.ts'
import { noBody } from '../../internal/http1/head.ts'
import type { Message, Reading } from './reading.ts'

/** Of the default configuration; no time limits. */
const limits = {
  connectMs: 0,
  responseHeadersMs: 0,
  responseIdleMs: 0,
  keepAliveMs: 0,
  headerBytes: 65_536,
  headerCount: 100,
}

/** A worker for one case after the other. */
export class AnswerReader {
  readonly #server: Server
  readonly #path: string
  /** Every other connection reads through this, as tunnels do. */
  readonly #shared = Buffer.alloc(64 * 1024)
  #turn = 0
  #accepted = Promise.withResolvers<Socket>()

  /** @param path of its Unix socket */
  constructor(path: string) {
    this.#path = path
    this.#server = createServer((socket) => {
      socket.on('error', () => socket.destroy()).resume()
      this.#accepted.resolve(socket)
      this.#accepted = Promise.withResolvers()
    })
  }

  /** Listens. */
  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.#path, resolve))
  }

  /** Listens no longer. */
  close(): void {
    this.#server.close()
  }

  /** Reads an answer to a request with this method. It comes in these pieces, as far as the system keeps them apart. */
  async read(pieces: readonly string[], method: string, headerBytes = limits.headerBytes): Promise<Reading> {
    const accepted = this.#accepted.promise
    const note = new Note()
    const pool: ConnectionPool = {
      answers: new AnswerMemory(),
      limits: { ...limits, headerBytes },
      idle: () => (note.reused = true),
      gone: () => undefined,
    }
    this.#turn += 1
    const memory = this.#turn % 2 === 0 ? this.#shared : null
    const connection = new ClientConnection({ kind: 'unix', path: this.#path }, pool, memory)
    connection.send({ method, head: 'go', framing: noBody, upgrade: false }, note)
    const worker = await accepted
    for (const [index, piece] of pieces.entries()) {
      if (note.over) break
      worker.write(piece, 'latin1')
      if (index < pieces.length - 1) await nextTurn()
    }
    worker.end()
    const reading = await note.reading
    connection.socket.destroy()
    worker.destroy()
    return reading
  }
}

/** What the engine said about an answer. */
class Note implements AnswerSink {
  /** Whether the connection may be used again. */
  reused = false
  over = false
  readonly #message: Message[] = []
  readonly #done = Promise.withResolvers<Reading>()

  get reading(): Promise<Reading> {
    return this.#done.promise
  }

  onConnected(): void {}

  onAnswerHead({ status, minor, fields }: Parameters<AnswerSink['onAnswerHead']>[0]): void {
    this.#message.push({
      method: '',
      target: '',
      status,
      minor,
      fields,
      body: '',
      completeIn: -1,
      keeps: false,
      leaves: false,
    })
  }

  onAnswerData(bytes: Buffer, start: number, end: number): 'gone' {
    for (const message of this.#message) message.body += bytes.toString('latin1', start, end)
    return 'gone'
  }

  onAnswerPause(): void {}

  onAnswerEnd(): void {
    for (const message of this.#message) {
      message.completeIn = 0
      message.keeps = this.reused
    }
    this.#end('closed', '')
  }

  onAnswerError({ kind, message }: UpstreamError): void {
    const ended = message.startsWith('the connection ended')
    this.#end(ended ? 'open' : 'refused', `${kind}: ${message}`)
  }

  onUpstreamDrain(): void {}

  onSwitched(): void {
    this.#end('closed', 'it left HTTP')
  }

  #end(ending: Reading['ending'], reason: string): void {
    this.over = true
    this.#done.resolve({ messages: this.#message, ending, reason })
  }
}
