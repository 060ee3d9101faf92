/** A worker that keeps every request it was sent, also those that never became one. */

import { createServer } from 'node:net'
import type { Socket } from 'node:net'

import type { Address } from '../../internal/config/config.ts'
import type { Cleanup } from '../support/cleanup.ts'
import type { RawMessage } from '../support/message.ts'
import { Line } from './line.ts'
import type { Ledger, Script } from './line.ts'
import type { Taken } from './place.ts'

/** A worker for the matrix. */
export class Recorder implements Ledger {
  readonly address: Address
  /** Set while an answer is under test. */
  script: Script | null = null
  readonly #lines = new Set<Line>()
  readonly #waiting = new Set<() => void>()
  #requests: RawMessage[] = []
  #partial: string[] = []
  #carriers: Line[] = []

  constructor(address: Address) {
    this.address = address
  }

  /** Takes on a connection. */
  accept(socket: Socket): void {
    const line = new Line(socket, this)
    this.#lines.add(line)
  }

  /** Remembers a request and the connection it came on. */
  note(request: RawMessage, line: Line): void {
    this.#requests.push(request)
    this.#carriers.push(line)
  }

  /** Wakes whoever waits for something to happen. */
  changed(): void {
    for (const line of this.#lines) {
      if (!line.over) continue
      if (line.state === 'http' && line.text !== '') this.#partial.push(line.text)
      this.#lines.delete(line)
    }
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  /** See `Place.taken`. */
  async taken(): Promise<Taken> {
    while (![...this.#lines].every(({ quiet }) => quiet)) await this.#change()
    const taken = { requests: this.#requests, partial: this.#partial }
    this.#forget()
    return taken
  }

  /** Whether the connections that carried requests since the last call have been ended by the gateway. */
  carriers(): readonly boolean[] {
    return this.#carriers.map(({ over }) => over)
  }

  /** Resolves when all of them have been. */
  async carriersEnded(): Promise<void> {
    while (!this.carriers().every(Boolean)) await this.#change()
  }

  /** See `Place.abandon`. */
  abandon(): Promise<void> {
    this.script = null
    for (const { socket } of this.#lines) socket.destroy()
    this.#lines.clear()
    this.#forget()
    return Promise.resolve()
  }

  #forget(): void {
    this.#requests = []
    this.#partial = []
    this.#carriers = []
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }
}

/** Listens on a free loopback port; closed after the test. */
export async function recorder(t: Cleanup): Promise<Recorder> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('it does not listen on TCP')
  const made = new Recorder({ kind: 'tcp', host: '127.0.0.1', port: bound.port })
  server.on('connection', (socket) => {
    sockets.add(socket)
    made.accept(socket)
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return made
}
