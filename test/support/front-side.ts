import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { Failure } from '../../internal/fault/failure.ts'
import { ServerConnection, type ConnectionLimits } from '../../internal/http1/server-connection.ts'
import { Sweeper } from '../../internal/http1/sweep.ts'
import type {
  Settler,
  Transaction,
  TransactionOwner,
  WriteOutcome,
} from '../../internal/http1/transaction.ts'
import type { Cleanup } from './cleanup.ts'
import { rawClient } from './raw.ts'
import type { Wire } from './raw.ts'

/** Limits of the default configuration. */
export const connectionLimits: ConnectionLimits = {
  headerBytes: 65_536,
  headerCount: 100,
  targetBytes: 8_192,
  headersMs: 30_000,
  keepAliveMs: 75_000,
  bodyIdleMs: 60_000,
  bodyMinRate: 1_024,
}

/** A request as its handler sees it. Says nothing by itself. */
export class Arrival implements Settler, TransactionOwner {
  readonly transaction: Transaction
  /** Data of the body so far, as latin1. */
  body = ''
  /** What happened, in order: `data`, `end`, `drain`, `gone`, `settled`, `broken`, or the code of a refusal. */
  readonly events: string[] = []
  /** Whether every piece of the body is the last one until asked for more. */
  stops = false
  readonly #waiting = new Set<() => void>()

  constructor(transaction: Transaction) {
    this.transaction = transaction
    transaction.owner = this
    transaction.settler = this
  }

  /** Resolves when something of that name has happened. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  settled(complete: boolean): void {
    this.#note(complete ? 'settled' : 'broken')
  }

  onBody(bytes: Buffer, start: number, end: number): WriteOutcome {
    this.body += bytes.toString('latin1', start, end)
    this.#note('data')
    return this.stops ? 'full' : 'gone'
  }

  onBodyEnd(): void {
    this.#note('end')
  }

  onBodyRefused(reason: Failure): void {
    this.#note(reason.code)
  }

  onDrain(): void {
    this.#note('drain')
  }

  onGone(): void {
    this.#note('gone')
  }

  #note(event: string): void {
    this.events.push(event)
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** A client, our end of its connection, and the requests that came over it. */
export interface FrontSide {
  readonly client: Wire
  readonly connection: ServerConnection
  /** All requests so far. */
  readonly arrivals: readonly Arrival[]
  /** The request with that number, when it comes; the next one nobody asked for by default. */
  readonly next: (index?: number) => Promise<Arrival>
  /** Resolves when the connection has told that it is closed. */
  readonly closed: Promise<void>
  /** Sends, and resolves when it has been read. */
  readonly deliver: (bytes: string) => Promise<void>
  /** Resolves when our end has stopped reading, and not only to let others have their turn. */
  readonly stopped: () => Promise<void>
}

/** Connects to our engine over a real socket. No clock runs: a test calls `connection.sweep`. */
export async function frontSide(t: Cleanup, limits: Partial<ConnectionLimits> = {}): Promise<FrontSide> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 64 * 1024 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  const accepted = Promise.withResolvers<Socket>()
  server.once('connection', accepted.resolve)
  const client = await rawClient(t, address.port)
  const socket = await accepted.promise
  t.after(() => void socket.destroy())
  server.close()
  return onSocket(client, socket, { ...connectionLimits, ...limits })
}

function onSocket(client: Wire, socket: Socket, limits: ConnectionLimits): FrontSide {
  const arrivals: Arrival[] = []
  const waiting = new Set<() => void>()
  const closed = Promise.withResolvers<void>()
  const request = (transaction: Transaction): void => {
    arrivals.push(new Arrival(transaction))
    for (const resolve of waiting) resolve()
    waiting.clear()
  }
  const sweeper = new Sweeper(0)
  const connection = new ServerConnection(
    socket,
    limits,
    { request, closed: () => closed.resolve() },
    sweeper,
  )
  // The sweeper's own looks would only be in the way.
  sweeper.delete(connection)
  let asked = 0
  return {
    client,
    connection,
    arrivals,
    closed: closed.promise,
    async next(index = asked++) {
      while (arrivals.length <= index) await new Promise<void>((resolve) => waiting.add(resolve))
      const arrival = arrivals[index]
      if (arrival === undefined) throw new Error('a request was there and is gone')
      return arrival
    },
    async deliver(bytes) {
      const target = socket.bytesRead + bytes.length
      client.send(bytes)
      while (socket.bytesRead < target) await once(socket, 'data')
    },
    async stopped() {
      for (let quiet = 0, before = -1; quiet < 3; before = socket.bytesRead) {
        await nextTurn()
        quiet = socket.isPaused() && socket.bytesRead === before ? quiet + 1 : 0
      }
    },
  }
}
