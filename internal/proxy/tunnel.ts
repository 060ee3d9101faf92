/**
 * Two open sockets joined: bytes are piped both ways and nothing is parsed, except where messages to the client
 * end, so that the gateway can say goodbye with a close code when it has to go.
 */

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Exchange } from '../exchange/exchange.ts'
import { closeFrame, FrameBoundary } from './frames.ts'

/** What a tunnel is made of. */
export interface TunnelEnds {
  readonly exchange: Exchange
  readonly client: Socket
  readonly worker: Duplex
  /** What the client sent right behind its handshake. */
  readonly early: Buffer
  /** What the worker sent right behind its 101. */
  readonly head: Buffer
  /** Idle limit in milliseconds; 0 = none. */
  readonly idleMs: number
}

/** WebSocket close code "service restart" (IANA registry): the client may come back. */
export const serviceRestart = 1012

/** How long the client may take to answer a close frame. */
const goodbyeMs = 1_000

/** An open WebSocket through the gateway. */
export class Tunnel {
  readonly #ends: TunnelEnds
  readonly #boundary = new FrameBoundary()
  #farewell: number | null = null

  constructor(ends: TunnelEnds) {
    this.#ends = ends
    const { exchange, client, worker, early, head, idleMs } = ends
    for (const side of [client, worker]) tune(side, idleMs)
    if (early.length > 0) worker.write(early)
    exchange.bytesIn += early.length
    client.on('data', (chunk: Buffer) => (exchange.bytesIn += chunk.length))
    client
      .once('end', () => this.#closedBy('client'))
      .once('close', () => (this.#closedBy('client'), endSoon(worker)))
    worker.once('end', () => this.#workerLeft()).once('close', () => this.#workerLeft())
    client.on('error', () => (this.#closedBy('client'), worker.destroy()))
    worker.on('error', () => this.#workerLeft())
    client.pipe(worker)
    worker.on('data', (chunk: Buffer) => this.#toClient(chunk))
    client.on('drain', () => worker.resume())
    if (head.length > 0) this.#toClient(head)
  }

  /**
   * Ends the socket with a close code: 1012 (service restart) tells the client to come back. The frame goes out
   * at the end of the message that is being sent; what the worker sends afterwards is dropped.
   */
  close(code: number): void {
    if (this.#farewell !== null || this.#ends.client.destroyed) return
    this.#farewell = code
    this.#ends.exchange.reason = 'drain'
    if (this.#boundary.atMessageEnd) this.#sayGoodbye(code)
  }

  /** Ends the socket now. */
  destroy(): void {
    this.#ends.client.destroy()
    this.#ends.worker.destroy()
  }

  /** A worker that dies says no goodbye; the client is told in its place that it may come back. */
  #workerLeft(): void {
    this.#closedBy('worker')
    const { client } = this.#ends
    if (client.writableEnded || client.destroyed) return
    if (this.#boundary.atMessageEnd && !this.#boundary.sawClose) client.write(closeFrame(serviceRestart))
    endSoon(client)
  }

  #toClient(chunk: Buffer): void {
    const { exchange, client, worker } = this.#ends
    const end = this.#boundary.take(chunk)
    if (this.#farewell !== null && end !== -1) {
      exchange.bytesOut += end
      client.write(chunk.subarray(0, end))
      return this.#sayGoodbye(this.#farewell)
    }
    exchange.bytesOut += chunk.length
    if (!client.write(chunk)) worker.pause()
  }

  #sayGoodbye(code: number): void {
    const { client, worker } = this.#ends
    worker.removeAllListeners('data')
    worker.resume()
    client.unpipe(worker)
    client.end(closeFrame(code))
    // It answers with a close frame and ends; what it sends before that has nowhere to go.
    client.once('end', () => this.destroy()).resume()
    setTimeout(() => this.destroy(), goodbyeMs).unref()
  }

  #closedBy(who: 'client' | 'worker'): void {
    const { exchange } = this.#ends
    if (exchange.reason === 'ok') exchange.reason = `websocket_closed_by_${who}`
  }
}

function tune(side: Duplex, idleMs: number): void {
  if (!('setNoDelay' in side) || typeof side.setNoDelay !== 'function') return
  side.setNoDelay(true)
  if ('setKeepAlive' in side && typeof side.setKeepAlive === 'function') side.setKeepAlive(true, 30_000)
  if ('setTimeout' in side && typeof side.setTimeout === 'function')
    side.setTimeout(idleMs, () => side.destroy())
}

/** Lets bytes already written leave before the socket goes. */
function endSoon(side: Duplex): void {
  if (side.destroyed) return
  if (side.writableFinished) side.destroy()
  else side.once('finish', () => side.destroy()).end()
}
