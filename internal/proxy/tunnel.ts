/**
 * Two open sockets joined: bytes are moved both ways and nothing is parsed, except where messages to the client
 * end, so that the gateway can say goodbye with a close code when it has to go.
 */

import type { Socket } from 'node:net'
import type { Exchange } from '../exchange/exchange.ts'
import type { ClientConnection, WorkerTunnel } from '../http1/client-connection.ts'
import type { ServerConnection, TunnelOwner } from '../http1/server-connection.ts'
import type { WriteOutcome } from '../http1/transaction.ts'
import { closeFrame, FrameBoundary } from './frames.ts'

/** What a tunnel is made of. */
export interface TunnelEnds {
  readonly exchange: Exchange
  readonly client: ServerConnection
  readonly worker: ClientConnection
  /** Idle limit in milliseconds; 0 = none. */
  readonly idleMs: number
  /** Called once, when the client's side is closed. */
  readonly onClose: () => void
}

/** WebSocket close code "service restart" (IANA registry): the client may come back. */
export const serviceRestart = 1012

/** How long the client may take to answer a close frame. */
const goodbyeMs = 1_000

/** An open WebSocket through the gateway. */
export class Tunnel implements TunnelOwner, WorkerTunnel {
  readonly #ends: TunnelEnds
  readonly #client: Socket
  readonly #worker: Socket
  readonly #boundary = new FrameBoundary()
  #farewell: number | null = null
  #saidGoodbye = false
  /** Whether anything has moved since the last look. */
  #moved = true
  #quietSince = 0

  constructor(ends: TunnelEnds) {
    this.#ends = ends
    this.#client = ends.client.socket
    this.#worker = ends.worker.socket
    this.#worker.setKeepAlive(true, 30_000)
    ends.worker.attach(this)
  }

  /**
   * Joins the two ends.
   * @param early what the client has sent behind its handshake
   * @param bytes what the worker has sent behind its 101 stands from `start` to `end`
   */
  open(early: Buffer | null, bytes: Buffer, start: number, end: number): WriteOutcome {
    if (early !== null) this.onClientData(early)
    return start < end ? this.onWorkerData(bytes, start, end) : 'gone'
  }

  /**
   * Ends the socket with a close code: 1012 (service restart) tells the client to come back. The frame goes out
   * at the end of the message that is being sent; what the worker sends afterwards is dropped.
   */
  close(code: number): void {
    if (this.#farewell !== null || this.#client.destroyed) return
    this.#farewell = code
    this.#ends.exchange.reason = 'drain'
    if (this.#boundary.atMessageEnd) this.#sayGoodbye(code)
  }

  /** Ends the socket now. */
  destroy(): void {
    this.#client.destroy()
    this.#worker.destroy()
  }

  onClientData(bytes: Buffer): void {
    // Behind our goodbye only its answer is waited for; what else comes has nowhere to go.
    if (this.#saidGoodbye) return
    this.#moved = true
    this.#ends.exchange.bytesIn += bytes.length
    if (!this.#worker.write(bytes)) this.#client.pause()
  }

  onClientDrain(): void {
    this.#ends.worker.resume()
  }

  onClientEnd(): void {
    this.#closedBy('client')
    if (this.#saidGoodbye) return this.destroy()
    this.#worker.end()
  }

  onClientClose(): void {
    this.#closedBy('client')
    endSoon(this.#worker)
    this.#ends.onClose()
  }

  onWorkerData(bytes: Buffer, start: number, end: number): WriteOutcome {
    const client = this.#client
    if (this.#saidGoodbye || client.writableEnded || client.destroyed) return 'gone'
    this.#moved = true
    const { exchange } = this.#ends
    const messageEnd = this.#boundary.take(bytes, start, end)
    if (this.#farewell !== null && messageEnd !== -1) {
      exchange.bytesOut += messageEnd - start
      client.write(Buffer.from(bytes.subarray(start, messageEnd)))
      this.#sayGoodbye(this.#farewell)
      return 'gone'
    }
    exchange.bytesOut += end - start
    return write(client, bytes, start, end)
  }

  onWorkerDrain(): void {
    this.#client.resume()
  }

  onWorkerEnd(): void {
    this.#workerLeft()
  }

  /** A worker that dies says no goodbye; the client is told in its place that it may come back. */
  onWorkerClose(): void {
    this.#workerLeft()
  }

  onSweep(now: number): void {
    const { idleMs } = this.#ends
    if (idleMs === 0) return
    if (this.#moved || this.#quietSince === 0) {
      this.#moved = false
      this.#quietSince = now
    } else if (now - this.#quietSince > idleMs) this.destroy()
  }

  #workerLeft(): void {
    this.#closedBy('worker')
    const client = this.#client
    if (this.#saidGoodbye || client.writableEnded || client.destroyed) return
    if (this.#boundary.atMessageEnd && !this.#boundary.sawClose) client.write(closeFrame(serviceRestart))
    endSoon(client)
  }

  #sayGoodbye(code: number): void {
    this.#saidGoodbye = true
    this.#client.end(closeFrame(code))
    // It answers with a close frame and ends; what it sent before that is read and dropped.
    this.#client.resume()
    setTimeout(() => this.destroy(), goodbyeMs).unref()
  }

  #closedBy(who: 'client' | 'worker'): void {
    const { exchange } = this.#ends
    if (exchange.reason === 'ok') exchange.reason = `websocket_closed_by_${who}`
  }
}

/** Up to this size bytes are copied, so that a slow client does not hold the memory they were read into. */
const copiedBytes = 4 * 1024

function write(socket: Socket, bytes: Buffer, start: number, end: number): WriteOutcome {
  const view = bytes.subarray(start, end)
  const small = end - start <= copiedBytes
  const more = socket.write(small ? Buffer.from(view) : view)
  if (!more) return 'full'
  return small || socket.writableLength === 0 ? 'gone' : 'held'
}

/** Lets bytes already written leave before the socket goes. */
function endSoon(socket: Socket): void {
  if (!socket.destroyed) socket.destroySoon()
}
