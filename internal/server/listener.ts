/**
 * A listening socket and the connections it accepted. Binding and serving are one step here, because the
 * handler can answer from the first moment; closing is gentle (`close`) or at once (`destroy`).
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Socket, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HostPort } from '../config/config.ts'
import { failure, type Failure, type FailureCode } from '../fault/failure.ts'

/** Limits of the connections themselves. */
export interface ListenerLimits {
  /** Time for a complete request head, in milliseconds; 0 = none. */
  readonly headersMs: number
  /** Idle time between requests, in milliseconds. */
  readonly keepAliveMs: number
  /** Size of a request head in bytes. */
  readonly headerBytes: number
}

/** What a listener calls. None of them may throw. */
export interface ListenerHandlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void
  readonly upgrade: (request: IncomingMessage, socket: Duplex, early: Buffer) => void
  /** A head or body that is not HTTP; nothing is in flight on the socket. */
  readonly malformed: (reason: Failure, socket: Socket) => void
}

/** One address the gateway listens on. */
export class Listener {
  readonly #server: Server
  readonly #upgraded = new Set<Duplex>()
  /** Requests whose answer is not complete, by connection. */
  readonly #inFlight = new WeakMap<Duplex, number>()
  /** The answers to them. */
  readonly #answers = new Set<ServerResponse>()
  /** Connections that got their last answer; Node complains again about whatever else they send. */
  readonly #refused = new WeakSet<Duplex>()
  #closing: Promise<void> | null = null

  private constructor(server: Server) {
    this.#server = server
  }

  /** Binds; rejects with Node's error (`EADDRINUSE`, `EACCES`, ...) when that fails. */
  static async bind(
    address: HostPort | { readonly fd: number },
    limits: ListenerLimits,
    handlers: ListenerHandlers,
  ): Promise<Listener> {
    const server = createServer(options(limits))
    const listener = new Listener(server)
    listener.#attach(handlers)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ ...address, backlog: 1024 }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return listener
  }

  /** Port really bound. */
  get port(): number {
    return this.#address().port
  }

  /** `http://host:port`, with a name a browser can open. */
  get url(): string {
    const { address, port } = this.#address()
    const host = address === '0.0.0.0' || address === '::' ? 'localhost' : address
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** Stops accepting; resolves when the last request and the last connection are done. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
    for (const response of this.#answers) response.shouldKeepAlive = false
    return this.#closing
  }

  /** Ends everything now. */
  destroy(): void {
    void this.close()
    this.#server.closeAllConnections()
    for (const socket of this.#upgraded) socket.destroy()
  }

  #attach(handlers: ListenerHandlers): void {
    const server = this.#server
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#begin(request, response)
      handlers.request(request, response)
    }
    server.on('request', serve)
    // Without these two Node would answer by itself, before the size and the route have been looked at.
    server.on('checkContinue', serve)
    server.on('checkExpectation', serve)
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, early: Buffer) => {
      // An answer that is still due would end up inside the tunnel.
      if (this.#isBusy(socket)) return void socket.destroy()
      this.#upgraded.add(socket)
      socket.once('close', () => this.#upgraded.delete(socket))
      socket.on('error', () => socket.destroy())
      handlers.upgrade(request, socket, early)
    })
    server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
      this.#malformed('method_not_implemented', socket, handlers)
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      if (error.code === 'ECONNRESET') socket.destroy()
      // Bytes behind a request that asked to close: its answer ends the connection.
      else if (error.code === 'HPE_CLOSED_CONNECTION' && this.#isBusy(socket)) return
      else this.#malformed(malformedCode(error.code), socket, handlers)
    })
  }

  /** Anything written while an answer is on its way would become part of that answer. */
  #malformed(code: FailureCode, socket: Duplex, handlers: ListenerHandlers): void {
    if (this.#refused.has(socket)) return
    this.#refused.add(socket)
    // A refusal written in this turn leaves at the end of it.
    if (this.#isBusy(socket)) setImmediate(() => socket.destroy())
    else if (!socket.writable || !(socket instanceof Socket)) socket.destroy()
    else handlers.malformed(failure(code), socket)
  }

  #isBusy(socket: Duplex): boolean {
    return (this.#inFlight.get(socket) ?? 0) > 0
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#count(request.socket, 1)
    this.#answers.add(response)
    if (this.#closing !== null) response.shouldKeepAlive = false
    response.once('close', () => {
      this.#count(request.socket, -1)
      this.#answers.delete(response)
      // Its head may have promised to keep the connection; nobody will come back for it.
      if (this.#closing !== null) this.#server.closeIdleConnections()
    })
  }

  #count(socket: Duplex, change: 1 | -1): void {
    this.#inFlight.set(socket, (this.#inFlight.get(socket) ?? 0) + change)
  }

  #address(): AddressInfo {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('listener is not bound to a port')
    return address
  }
}

function options(limits: ListenerLimits): Parameters<typeof createServer>[0] & object {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    // A limit on whole requests would cut slow uploads; heads have their own limit above.
    requestTimeout: 0,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: limits.keepAliveMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    highWaterMark: 64 * 1024,
    httpValidation: 'strict',
    // The door answers a missing Host itself, with a request id.
    requireHostHeader: false,
    // Only a complete WebSocket handshake leaves the path of a plain request; the door refuses the odd ones.
    shouldUpgradeCallback: isWebSocketHandshake,
  }
}

function isWebSocketHandshake(request: IncomingMessage): boolean {
  return (
    request.method === 'GET' &&
    request.httpVersion === '1.1' &&
    request.headers.upgrade?.toLowerCase() === 'websocket' &&
    request.headers['transfer-encoding'] === undefined &&
    (request.headers['content-length'] ?? '0') === '0'
  )
}

const malformedCodes: ReadonlyMap<string, FailureCode> = new Map([
  ['HPE_HEADER_OVERFLOW', 'header_too_large'],
  ['ERR_HTTP_MAX_HEADERS_COUNT', 'header_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'body_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
])

function malformedCode(code: string | undefined): FailureCode {
  return malformedCodes.get(code ?? '') ?? 'bad_request'
}
