/** The connections to one process of a worker: idle ones are used again, the one used last first. */

import { AnswerMemory } from './answer-head.ts'
import {
  ClientConnection,
  type ClientLimits,
  type ConnectionPool,
  type UpstreamAddress,
} from './client-connection.ts'
import { shortest, Sweeper } from './sweep.ts'

/** Bytes one read of a tunnel can take. */
const tunnelMemory = 64 * 1024

/** One pool. */
export class Pool implements ConnectionPool {
  readonly limits: ClientLimits
  readonly answers = new AnswerMemory()
  readonly #address: UpstreamAddress
  readonly #sweeper: Sweeper
  readonly #idle: ClientConnection[] = []
  readonly #all = new Set<ClientConnection>()
  /** Tunnels are many and most are silent: they are read through one piece of memory. */
  #tunnelMemory: Buffer | null = null
  #closing = false
  readonly #closed = Promise.withResolvers<void>()

  constructor(address: UpstreamAddress, limits: ClientLimits) {
    this.#address = address
    this.limits = limits
    const { connectMs, responseHeadersMs, responseIdleMs, keepAliveMs } = limits
    this.#sweeper = new Sweeper(shortest(connectMs, responseHeadersMs, responseIdleMs, keepAliveMs))
  }

  /** A connection for one request: an idle one, or a new one that is not up yet. */
  take(): ClientConnection {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isIdle) return idle
      idle.socket.destroy()
    }
    return this.#open(null)
  }

  /** A new connection, for a request that may end in a tunnel; it then no longer belongs to the pool. */
  openForTunnel(): ClientConnection {
    this.#tunnelMemory ??= Buffer.allocUnsafeSlow(tunnelMemory)
    return this.#open(this.#tunnelMemory)
  }

  /** Ends idle connections now and the others after their answer; resolves when none is left. */
  close(): Promise<void> {
    this.#closing = true
    for (const connection of this.#idle.splice(0)) connection.socket.destroy()
    if (this.#all.size === 0) this.#closed.resolve()
    return this.#closed.promise
  }

  /** Ends everything now. */
  destroy(): void {
    this.#closing = true
    for (const connection of this.#all) connection.socket.destroy()
  }

  idle(connection: ClientConnection): void {
    if (this.#closing) connection.socket.destroy()
    else this.#idle.push(connection)
  }

  gone(connection: ClientConnection): void {
    this.#all.delete(connection)
    this.#sweeper.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    if (this.#closing && this.#all.size === 0) this.#closed.resolve()
  }

  #open(shared: Buffer | null): ClientConnection {
    const connection = new ClientConnection(this.#address, this, shared)
    this.#all.add(connection)
    this.#sweeper.add(connection)
    return connection
  }
}
