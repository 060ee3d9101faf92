/**
 * Two open sockets joined: bytes are moved both ways and nothing is parsed, except where messages to the client
 * end, so that the gateway can say goodbye with a close code when it has to go.
 */

import type { Socket } from 'node:net'
import type { Exchange } from '../exchange/exchange.ts'
import type { ClientConnection, WorkerTunnel } from '../http1/client-connection.ts'
import type { ServerConnection, TunnelOwner } from '../http1/server-connection.ts'
import type { Departures } from './departures.ts'
import { closeFrame, FrameBoundary } from './frames.ts'

/** What a tunnel is made of. */
export interface TunnelEnds {
  readonly exchange: Exchange
  readonly client: ServerConnection
  readonly worker: ClientConnection
  /** Idle limit in milliseconds; 0 = none. */
  readonly idleMs: number
  /** How long bytes may wait for one side while nothing moves, in milliseconds; 0 = any time. */
  readonly stuckMs: number
  /** Where the ends of many tunnels at once are spread out. */
  readonly departures: Departures
  /** Called once, when the client's side is closed. */
  readonly onClose: () => void
}

/** WebSocket close code "service restart" (IANA registry): the client may come back. */
export const serviceRestart = 1012

/** WebSocket close code of ours (4000 to 4999 are for applications): whoever opened it is no longer signed in. */
export const notSignedIn = 4401

/** How long a client that is told something has to act on it before it is closed, and a message to end before that. */
const lastWordsMs = 1_000

/** How long the client may take to answer a close frame that has left. */
const goodbyeMs = 1_000

/** How long nothing may move once it is to end; a slow network may need most of it to take what is on its way. */
const endingMs = 30_000

/** How a socket is ended by the gateway. */
interface Farewell {
  readonly code: number
  readonly lastWords: Buffer | null
  readonly graceMs: number
}

/** An open WebSocket through the gateway. */
export class Tunnel implements TunnelOwner, WorkerTunnel {
  readonly #ends: TunnelEnds
  readonly #client: Socket
  readonly #worker: Socket
  readonly #boundary = new FrameBoundary()
  #farewell: Farewell | null = null
  #saidGoodbye = false
  #dismissed = false
  /** It is to end, or one side has left: what is on its way may still arrive. */
  #isEnding = false
  #workerEnded = false
  /** Bytes that had come and gone at the last look, and since when it was so many. */
  #moved = -1
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
  open(early: Buffer | null, bytes: Buffer, start: number, end: number): void {
    if (early !== null) this.onClientData(early)
    if (start < end && !this.onWorkerData(bytes, start, end)) this.#ends.worker.pause()
  }

  /**
   * Ends the socket with a close code: 1012 (service restart) tells the client to come back. The frame goes out
   * at the end of the message that is being sent; what the worker sends afterwards is dropped.
   */
  close(code: number): void {
    if (this.#farewell !== null || this.#client.destroyed) return
    this.#end({ code, lastWords: null, graceMs: 0 }, 'drain')
  }

  /**
   * Ends the socket because whoever opened it may not have it any longer: nothing it sends reaches the worker from now
   * on, and it is over soon, also for a client that takes its time.
   * @param lastWords a frame that is sent before the close frame, whose receiver may act on it; null = none
   * @param graceMs how long that frame waits: whoever leaves by themselves meanwhile need not be told
   */
  dismiss(code: number, lastWords: Buffer | null, graceMs = 0): void {
    if (this.#client.destroyed || this.#dismissed) return
    this.#dismissed = true
    if (!this.#saidGoodbye) this.#end({ code, lastWords, graceMs }, 'websocket_not_allowed')
    // In the middle of a message nothing can be said, and a client that reads nothing hears nothing.
    setTimeout(() => {
      if (!this.#saidGoodbye) this.destroy()
      else setTimeout(() => this.destroy(), goodbyeMs).unref()
    }, graceMs + lastWordsMs).unref()
  }

  /** The same, after others that are ending. */
  closeInTurn(code: number): void {
    this.#ends.departures.add(this.#client, () => this.close(code))
  }

  /** Ends the socket now. */
  destroy(): void {
    this.#client.destroy()
    this.#worker.destroy()
  }

  onClientData(bytes: Buffer): void {
    // Behind our goodbye only its answer is waited for; what else comes has nowhere to go.
    if (this.#saidGoodbye || this.#dismissed) return
    this.#ends.exchange.bytesIn += bytes.length
    if (!this.#worker.write(bytes)) this.#ends.client.pause()
  }

  onClientDrain(): void {
    this.#ends.worker.resume()
  }

  onClientEnd(): void {
    this.#beginEnding()
    this.#closedBy('client')
    if (this.#saidGoodbye) return this.destroy()
    this.#worker.end()
  }

  onClientClose(): void {
    this.#closedBy('client')
    endSoon(this.#worker)
    // A worker that does not read would keep its end for ever.
    if (this.#worker.writableLength > 0) setTimeout(() => this.#worker.destroy(), endingMs).unref()
    this.#ends.onClose()
  }

  onWorkerData(bytes: Buffer, start: number, end: number): boolean {
    const client = this.#client
    if (this.#saidGoodbye || client.writableEnded || client.destroyed) return true
    const { exchange } = this.#ends
    const messageEnd = this.#boundary.take(bytes, start, end)
    const last = this.#farewell !== null && messageEnd !== -1 ? messageEnd : end
    exchange.bytesOut += last - start
    // A copy: the memory belongs to all tunnels, and the kernel may not take the bytes at once.
    const more = client.write(Buffer.from(bytes.subarray(start, last)))
    if (this.#farewell === null || messageEnd === -1) return more
    this.#sayGoodbye(this.#farewell)
    return true
  }

  onWorkerDrain(): void {
    this.#ends.client.resume()
  }

  onWorkerEnd(): void {
    this.onWorkerClose()
  }

  /** A worker that ends takes all its sockets with it: their clients are told one after the other. */
  onWorkerClose(): void {
    if (this.#workerEnded) return
    this.#workerEnded = true
    this.#beginEnding()
    this.#closedBy('worker')
    this.#ends.departures.add(this.#client, () => this.#workerLeft())
  }

  onSweep(now: number): void {
    const limit = this.#isEnding ? endingMs : this.#isStuck ? this.#ends.stuckMs : this.#ends.idleMs
    if (limit === 0) return
    const { bytesIn, bytesOut } = this.#ends.exchange
    const moved = bytesIn + bytesOut + taken(this.#client) + taken(this.#worker)
    if (moved !== this.#moved) {
      this.#moved = moved
      this.#quietSince = now
    } else if (now - this.#quietSince > limit) this.destroy()
  }

  /** Whether something waits for a side that does not take it; that side may be gone, unseen because it is not read. */
  get #isStuck(): boolean {
    return this.#client.writableLength > 0 || this.#worker.writableLength > 0
  }

  /** A worker that dies says no goodbye; the client is told in its place that it may come back. */
  #workerLeft(): void {
    const client = this.#client
    if (this.#saidGoodbye || client.writableEnded || client.destroyed) return
    if (this.#boundary.atMessageEnd && !this.#boundary.sawClose) client.write(closeFrame(serviceRestart))
    endSoon(client)
  }

  #end(farewell: Farewell, reason: 'drain' | 'websocket_not_allowed'): void {
    this.#farewell = farewell
    this.#beginEnding()
    this.#ends.exchange.reason = reason
    if (this.#boundary.atMessageEnd) this.#sayGoodbye(farewell)
  }

  #sayGoodbye({ code, lastWords, graceMs }: Farewell): void {
    this.#saidGoodbye = true
    if (lastWords === null || this.#boundary.sawClose) return this.#endClient(code)
    this.#ends.client.resume()
    if (graceMs === 0) this.#write(lastWords)
    else setTimeout(() => this.#write(lastWords), graceMs).unref()
    setTimeout(() => this.#endClient(code), graceMs + lastWordsMs).unref()
  }

  #write(frame: Buffer): void {
    if (!this.#client.destroyed && !this.#client.writableEnded) this.#client.write(frame)
  }

  #endClient(code: number): void {
    if (this.#client.destroyed || this.#client.writableEnded) return
    // It answers with a close frame and ends; what it sent before that is read and dropped.
    this.#client.end(this.#boundary.sawClose ? '' : closeFrame(code), () =>
      setTimeout(() => this.destroy(), goodbyeMs).unref(),
    )
    this.#ends.client.resume()
  }

  #beginEnding(): void {
    this.#isEnding = true
    // The time begins now, however long it has been quiet before.
    this.#moved = -1
  }

  #closedBy(who: 'client' | 'worker'): void {
    const { exchange } = this.#ends
    if (exchange.reason === 'ok') exchange.reason = `websocket_closed_by_${who}`
  }
}

/** Lets bytes already written leave before the socket goes. */
function endSoon(socket: Socket): void {
  if (!socket.destroyed) socket.destroySoon()
}

/** Bytes of what was written that have left. */
function taken(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength
}
