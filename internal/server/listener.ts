/**
 * A listening socket and the connections it accepted. Binding and serving are one step here, because the
 * handler can answer from the first moment; closing is gentle (`close`) or at once (`destroy`).
 */

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { HostPort } from '../config/config.ts'
import { failure } from '../fault/failure.ts'
import {
  ServerConnection,
  type ConnectionHandlers,
  type ConnectionLimits,
} from '../http1/server-connection.ts'
import { shortest, Sweeper } from '../http1/sweep.ts'
import { Turns } from '../http1/turn.ts'
import type { Certificates } from './certificates.ts'
import { secureServer, tlsServerOptions } from './tls-server.ts'

/** Limits of a listener and of its connections. */
export interface ListenerLimits extends ConnectionLimits {
  /** Connections at the same time; 0 = any number. */
  readonly connections: number
}

/** As many may be told at the same time that there is no room for them; more are just closed. */
const maxTurnedAway = 1_024

/**
 * How long connections without a request stay after the listener has closed. Whoever was accepted a moment ago has sent
 * a request, and whoever sends one after the other has the next one on its way: ended at once, it would be lost.
 */
const lastCallMs = 500

/**
 * How long connections without a request stay after everybody was sent away. Most clients ask within that time and are
 * told with the answer, which no request can cross; a load balancer has heard of it by then.
 */
const sendAwayMs = 5_000

/** How many handshakes begin in one turn of the event loop; each costs about a millisecond. */
const handshakesPerTurn = 4

/** One address the gateway listens on. */
export class Listener {
  readonly #server: Server
  #limits: ListenerLimits
  readonly #handlers: ConnectionHandlers
  readonly #sweeper: Sweeper
  readonly #connections = new Set<ServerConnection>()
  /** Connections there was no room for, until they have seen that. */
  readonly #turnedAway = new Set<ServerConnection>()
  readonly #secure: boolean
  /** Connections that are shaking hands, by the addresses of their ends. */
  readonly #greeting = new Map<string, Socket>()
  #closing: Promise<void> | null = null
  /** Runs out when connections that ask nothing have been kept long enough; null while connections are kept. */
  #sendingAway: NodeJS.Timeout | null = null

  private constructor(
    limits: ListenerLimits,
    request: ConnectionHandlers['request'],
    certificates: Certificates | null,
  ) {
    const { headersMs, keepAliveMs, bodyIdleMs } = limits
    this.#limits = limits
    this.#secure = certificates !== null
    this.#sweeper = new Sweeper(shortest(headersMs, keepAliveMs, bodyIdleMs))
    this.#handlers = {
      request,
      closed: (connection) => this.#connections.delete(connection) || this.#turnedAway.delete(connection),
    }
    this.#server = createServer(socketOptions)
    const accept = (socket: Socket): void => this.#accept(socket)
    this.#server.on('connection', certificates === null ? accept : this.#secureWith(certificates, accept))
  }

  /**
   * Binds; rejects with Node's error (`EADDRINUSE`, `EACCES`, ...) when that fails.
   * @param certificates for TLS; null = plain
   */
  static async bind(
    address: HostPort | { readonly fd: number },
    limits: ListenerLimits,
    request: ConnectionHandlers['request'],
    certificates: Certificates | null = null,
  ): Promise<Listener> {
    const listener = new Listener(limits, request, certificates)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ ...everywhere(address), backlog: 1024 }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return listener
  }

  /** Limits of the connections that come from now on. */
  set limits(limits: ListenerLimits) {
    this.#limits = limits
  }

  /** Port really bound. */
  get port(): number {
    return this.#address().port
  }

  /** `http://host:port` or `https://host:port`, with a name a browser can open. */
  get url(): string {
    const { address, port } = this.#address()
    const host = address === '0.0.0.0' || address === '::' ? 'localhost' : address
    return `${this.#secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /**
   * Goes on accepting and answering, and keeps no connection for another request: who balances load goes elsewhere with
   * the next one, instead of finding nobody at the end. @param idleMs how long connections that ask nothing stay
   */
  sendAway(idleMs = sendAwayMs): void {
    if (this.#sendingAway !== null) return
    for (const connection of this.#connections) connection.closeSoon()
    this.#sendingAway = setTimeout(() => this.#closeIdle(), idleMs).unref()
  }

  /**
   * Stops accepting; resolves when the last request and the last connection are done. What clients have sent already
   * is still answered: connections without a request are ended {@link lastCallMs} later. Handshakes are broken off.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Ends everything now. */
  destroy(): void {
    void this.close()
    for (const connection of [...this.#connections, ...this.#turnedAway]) connection.destroy()
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    for (const connection of this.#connections) connection.closeSoon()
    for (const socket of this.#greeting.values()) socket.destroy()
    const lastCall = setTimeout(() => this.#closeIdle(), lastCallMs)
    await closed
    clearTimeout(lastCall)
    if (this.#sendingAway !== null) clearTimeout(this.#sendingAway)
  }

  #closeIdle(): void {
    for (const connection of this.#connections) connection.closeIdle()
  }

  /**
   * Handshakes are computed in the event loop. Only a few begin in a turn of it, so that a crowd of new clients does
   * not keep everybody else waiting until the last of them has been greeted.
   */
  #secureWith(certificates: Certificates, accept: (socket: Socket) => void): (socket: Socket) => void {
    const { headersMs } = this.#limits
    const handshakes = createTlsServer({ ...tlsServerOptions(headersMs), ...socketOptions })
    const turns = new Turns(handshakesPerTurn)
    secureServer(handshakes, certificates)
    handshakes.on('secureConnection', (socket: Socket) => {
      this.#greeting.delete(endsOf(socket))
      accept(socket)
    })
    return (socket) => {
      this.#greet(socket)
      turns.add(() => socket.destroyed || handshakes.emit('connection', socket))
    }
  }

  /** Node does not say which connection a finished handshake was of, so it is known by its ends. */
  #greet(socket: Socket): void {
    const { connections } = this.#limits
    if (connections > 0 && this.#greeting.size >= connections + maxTurnedAway) return void socket.destroy()
    const ends = endsOf(socket)
    this.#greeting.set(ends, socket)
    socket.once('close', () => {
      if (this.#greeting.get(ends) === socket) this.#greeting.delete(ends)
    })
  }

  #accept(socket: Socket): void {
    const { connections } = this.#limits
    const isFull = connections > 0 && this.#connections.size >= connections
    if (isFull && this.#turnedAway.size >= maxTurnedAway) return void socket.destroy()
    const connection = new ServerConnection(socket, this.#limits, this.#handlers, this.#sweeper)
    if (isFull) return this.#turnAway(connection)
    this.#connections.add(connection)
    if (this.#closing !== null || this.#sendingAway !== null) connection.closeSoon()
  }

  /** Said without reading: a request is not needed to know that there is no room for it. */
  #turnAway(connection: ServerConnection): void {
    this.#turnedAway.add(connection)
    connection.turnAway({ ...failure('too_many_connections'), retryAfterS: 2 })
  }

  #address(): AddressInfo {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('listener is not bound to a port')
    return address
  }
}

/** `::` is every address of both families; without a host Node takes IPv4 alone where the kernel has no IPv6. */
function everywhere(
  address: HostPort | { readonly fd: number },
): Partial<HostPort> | { readonly fd: number } {
  return 'host' in address && address.host === '::' ? { port: address.port } : address
}

function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}

/** Probes of the connection find clients that vanished; a client may end its side and still read. */
const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  highWaterMark: 64 * 1024,
}
