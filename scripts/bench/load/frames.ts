/** WebSocket frames (RFC 6455, section 5.2) of one size, made once, and the handshake around them. */

import { createHash } from 'node:crypto'

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A binary message as a client sends it. The mask is zero, so that its bytes are those of {@link plainFrame}. */
export function maskedFrame(size: number): Buffer {
  return Buffer.concat([frameHead(size, 0x80), Buffer.alloc(4), Buffer.alloc(size, 'x')])
}

/** A binary message as a server sends it. */
export function plainFrame(size: number): Buffer {
  return Buffer.concat([frameHead(size, 0), Buffer.alloc(size, 'x')])
}

/** The value of Sec-WebSocket-Accept for a key (RFC 6455, section 4.2.2). */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}${guid}`).digest('base64')
}

/** The request head of a handshake. */
export function handshake(path: string, host: string): string {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket']
  return `${[...lines, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${handshakeKey}`].join('\r\n')}\r\n\r\n`
}

/** The key every handshake of the load sends. */
export const handshakeKey = 'AAAAAAAAAAAAAAAAAAAAAA=='

/** A close frame of a client, status 1000, mask zero. */
export const goodbye = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])

function frameHead(size: number, mask: number): Buffer {
  if (size < 126) return Buffer.from([0x82, mask | size])
  if (size > 0xffff) throw new RangeError('messages of the bench are at most 65535 bytes')
  return Buffer.from([0x82, mask | 126, size >> 8, size & 0xff])
}
