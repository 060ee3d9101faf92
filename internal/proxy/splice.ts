/**
 * A WebSocket through the gateway: `connect -> agree -> splice`. The handshake is checked on both sides, then
 * bytes are moved and nothing is parsed, so subprotocols, extensions, message sizes and close codes stay the
 * business of the two ends. Nothing the client sends early reaches the worker before its 101.
 */

import { createHash } from 'node:crypto'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answered, type Exchange } from '../exchange/exchange.ts'
import type { WebSocketOffer } from '../exchange/head.ts'
import { failure, type Failure } from '../fault/failure.ts'
import type { Address } from '../config/config.ts'
import { incomingHead } from './incoming.ts'
import { lingerThenDestroy } from './linger.ts'
import { translateUpstreamError } from './translate.ts'
import { Tunnel } from './tunnel.ts'

/** One handshake to make with a worker. */
export interface SpliceRequest {
  readonly exchange: Exchange
  readonly offer: WebSocketOffer
  readonly client: Socket
  /** What the client sent right behind its handshake. */
  readonly early: Buffer
  readonly address: Address
  readonly path: string
  /** Flat list from `outgoingHead`, without Upgrade and Connection. */
  readonly headers: readonly string[]
  readonly connectMs: number
  readonly handshakeMs: number
  /** Idle limit in milliseconds for the open socket; 0 = none. */
  readonly idleMs: number
  /** Called when both sides agreed. */
  readonly onOpen: (tunnel: Tunnel) => void
  /** Called at most once, and only while nothing has been written to the client. */
  readonly onFailure: (failure: Failure, error: unknown) => void
}

/** Starts the handshake; everything after it happens by itself until one side closes. */
export function splice(request: SpliceRequest): void {
  const outgoing = openHandshake(request)
  const abandon = (): void => void outgoing.destroy()
  request.client.once('close', abandon)
  outgoing.once('upgrade', (response: IncomingMessage, worker: Duplex, head: Buffer) => {
    request.client.off('close', abandon)
    agree(request, response, worker, head)
  })
  outgoing.once('response', (response: IncomingMessage) => relayRefusal(request, response))
  outgoing.once('error', (error) => {
    request.client.off('close', abandon)
    if (!request.client.destroyed) request.onFailure(translateUpstreamError(error), error)
  })
  outgoing.end()
}

function openHandshake({ address, path, headers, connectMs, handshakeMs }: SpliceRequest): ClientRequest {
  const outgoing = httpRequest({
    ...(address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }),
    method: 'GET',
    path,
    headers: [...headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
    agent: false,
    setHost: false,
  })
  const late = (code: string): void => void outgoing.destroy(Object.assign(new Error('no answer'), { code }))
  outgoing.once('socket', (socket) => {
    const answer = (): void => void socket.setTimeout(handshakeMs, () => late('UND_ERR_HEADERS_TIMEOUT'))
    if (!socket.connecting || connectMs === 0) return answer()
    const timer = setTimeout(late, connectMs, 'UND_ERR_CONNECT_TIMEOUT')
    socket
      .once('connect', answer)
      .once('connect', () => clearTimeout(timer))
      .once('close', () => clearTimeout(timer))
  })
  return outgoing
}

/** The worker said 101: it must have meant this handshake (RFC 6455 4.1, points 2 to 6). */
function agree(request: SpliceRequest, response: IncomingMessage, worker: Duplex, head: Buffer): void {
  const complaint = disagreement(request.offer, response)
  if (complaint !== null) {
    worker.destroy()
    request.onFailure(failure('upstream_invalid', complaint), null)
    return
  }
  answered(request.exchange, 101)
  const { fields } = incomingHead(response.rawHeaders, request.exchange.id)
  let text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  request.client.write(`${text}\r\n`, 'latin1')
  const { exchange, client, early, idleMs } = request
  request.onOpen(new Tunnel({ exchange, client, worker, early, head, idleMs }))
}

function disagreement(offer: WebSocketOffer, response: IncomingMessage): string | null {
  const accept = createHash('sha1')
    .update(`${offer.key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  if (response.headers.upgrade?.toLowerCase() !== 'websocket')
    return 'The application switched to another protocol.'
  if (response.headers['sec-websocket-accept'] !== accept)
    return 'The application answered another handshake.'
  const protocol = response.headers['sec-websocket-protocol']
  if (protocol !== undefined && !offer.protocols.includes(protocol)) {
    return 'The application chose a subprotocol that was not offered.'
  }
  return null
}

/** The worker refused: its answer is relayed as it wrote it, then the connection ends. */
function relayRefusal({ exchange, client, onFailure }: SpliceRequest, response: IncomingMessage): void {
  const status = response.statusCode ?? 502
  // A 101 that switches to nothing arrives here too; relayed, it would open a socket nobody has agreed to.
  if (status < 200 || status > 599) {
    response.destroy()
    return onFailure(failure('upstream_invalid', `The application answered with status ${status}.`), null)
  }
  answered(exchange, status)
  const { fields } = incomingHead(response.rawHeaders, exchange.id)
  let text = `HTTP/1.1 ${status} ${(response.statusMessage ?? '').replace(/[^\x20-\x7e]/g, '')}\r\n`
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  client.write(`${text}Connection: close\r\n\r\n`, 'latin1')
  response.on('data', (chunk: Buffer) => (exchange.bytesOut += chunk.length))
  response.on('error', () => client.destroy())
  response.once('end', () => lingerThenDestroy(client)).pipe(client)
}
