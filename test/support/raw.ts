import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'

import type { Address } from '../../internal/config/config.ts'
import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import { takeMessage } from './message.ts'
import type { RawMessage, Reading } from './message.ts'

/** How the other side left: politely (FIN), or not. */
export type Ending = 'end' | 'reset'

/** One end of a connection, byte for byte. What arrives is kept until it is taken. */
export class Wire {
  readonly socket: Socket
  /** Resolves when nothing more can arrive. */
  readonly ended: Promise<Ending>
  /** Resolves when both directions are closed. */
  readonly closed: Promise<void>
  #pending = ''
  #over: Ending | null = null
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => {
      const over = (ending: Ending): void => {
        this.#over ??= ending
        resolve(ending)
        this.#wake()
      }
      socket.once('end', () => over('end')).once('close', () => over('reset'))
    })
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve())
    })
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      this.#pending += chunk.toString('latin1')
      this.#wake()
    })
  }

  /** Writes latin1 text or bytes. */
  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    return this
  }

  /**
   * Writes `piece` so many times, each after the one before has left: a queue would leave in one write, which
   * counts only when all of it is gone. Returns how many bytes have left so far.
   */
  pour(piece: Buffer, times: number): () => number {
    let left = 0
    const next = (error?: Error | null): void => {
      if (error === undefined || error === null) left += 1
      if (left < times && !this.socket.destroyed) this.socket.write(piece, next)
    }
    this.socket.write(piece, next)
    return () => left * piece.length
  }

  /** What has arrived and was not taken yet. */
  get pending(): string {
    return this.#pending
  }

  /** Takes everything up to and including `mark`; rejects when the connection ends first. */
  async until(mark: string): Promise<string> {
    await this.#wait(`until ${JSON.stringify(mark)}`, () => this.#pending.includes(mark))
    return this.#take(this.#pending.indexOf(mark) + mark.length)
  }

  /** Takes exactly `length` bytes. */
  async bytes(length: number): Promise<string> {
    await this.#wait(`${length} bytes`, () => this.#pending.length >= length)
    return this.#take(length)
  }

  /** Takes what arrived until the other side left. */
  async rest(): Promise<string> {
    await this.ended
    return this.#take(this.#pending.length)
  }

  /** Takes one complete response to a request with this method. */
  answer(method = 'GET'): Promise<RawMessage> {
    return this.#message('response', method === 'HEAD')
  }

  /** Takes one complete request. */
  request(): Promise<RawMessage> {
    return this.#message('request', false)
  }

  /** Ends our direction after everything sent has left. */
  end(): void {
    this.socket.end()
  }

  /** Breaks the connection with a reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  async #message(kind: Reading['kind'], head: boolean): Promise<RawMessage> {
    const look = (): ReturnType<typeof takeMessage> =>
      takeMessage(this.#pending, { kind, head, over: this.#over === 'end' })
    await this.#wait(`a ${kind}`, () => look() !== null)
    const taken = look()
    if (taken === null) throw new Error('a message was there and is gone')
    this.#take(taken.length)
    return taken.message
  }

  #take(length: number): string {
    const taken = this.#pending.slice(0, length)
    this.#pending = this.#pending.slice(length)
    return taken
  }

  async #wait(what: string, there: () => boolean): Promise<void> {
    while (!there()) {
      if (this.#over !== null) {
        throw new Error(
          `the connection ended (${this.#over}) before ${what}: ${JSON.stringify(this.#pending)}`,
        )
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** Connects to a loopback port; destroyed after the test. Our half stays open when the other side ends. */
export async function rawClient(t: Cleanup, port: number): Promise<Wire> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => void socket.destroy())
  const wire = new Wire(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return wire
}

/** A server that does what a test tells it to, one connection at a time. */
export interface RawServer {
  readonly address: Address
  /** Connections accepted so far. */
  readonly wires: readonly Wire[]
  /** The next connection nobody has asked for yet, or the one with that number. */
  accept(index?: number): Promise<Wire>
  /** Stops accepting; later connections are refused. */
  stop(): Promise<void>
}

/** Listens on a free loopback port, or on a Unix socket. */
export async function rawServer(t: Cleanup, kind: Address['kind'] = 'tcp'): Promise<RawServer> {
  const wires: Wire[] = []
  const waiting: (() => void)[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    wires.push(new Wire(socket))
    for (const resolve of waiting.splice(0)) resolve()
  })
  const path = kind === 'unix' ? join(await freshDirectory(t), 'w.sock') : null
  t.after(() => {
    for (const { socket } of wires) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => {
    if (path === null) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  let asked = 0
  return {
    address: path === null ? tcpAddress(server) : { kind: 'unix', path },
    wires,
    async accept(index = asked++) {
      while (wires.length <= index) await new Promise<void>((resolve) => waiting.push(resolve))
      const wire = wires[index]
      if (wire === undefined) throw new Error('a connection was there and is gone')
      return wire
    },
    stop: () =>
      new Promise((resolve) => {
        for (const { socket } of wires) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** A server that stores every request and answers each one the same way. */
export interface Recorder {
  readonly address: Address
  readonly server: RawServer
  /** Complete requests, in order of arrival. */
  readonly requests: readonly RawMessage[]
}

/** Answer of a {@link Recorder} unless told otherwise. */
export const plainAnswer = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'

/** Starts a {@link Recorder}. `reply` gets each request and returns the bytes of its answer. */
export async function recorder(
  t: Cleanup,
  reply: (request: RawMessage) => string = () => plainAnswer,
  kind: Address['kind'] = 'tcp',
): Promise<Recorder> {
  const server = await rawServer(t, kind)
  const requests: RawMessage[] = []
  const serve = async (wire: Wire): Promise<void> => {
    for (;;) {
      const request = await wire.request()
      requests.push(request)
      wire.send(reply(request))
    }
  }
  const accept = async (): Promise<void> => {
    for (;;) {
      const wire = await server.accept()
      // A connection that ends, or breaks off in the middle of a request, recorded nothing.
      void serve(wire).catch(() => undefined)
    }
  }
  void accept()
  return { address: server.address, server, requests }
}

function tcpAddress(server: Server): Address {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  return { kind: 'tcp', host: '127.0.0.1', port: address.port }
}
