import { createHash } from 'node:crypto'

/** Key of every handshake that {@link handshake} makes. */
export const socketKey = 'dGhlIHNhbXBsZSBub25jZQ=='

/** A handshake as bytes; `lines` are further fields, `instead` replaces one of the usual ones (null leaves it out). */
export function handshake(
  path = '/',
  lines: readonly string[] = [],
  instead: Readonly<Record<string, string | null>> = {},
): string {
  const usual: Readonly<Record<string, string>> = {
    Host: 'a:8000',
    Connection: 'keep-alive, Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': socketKey,
  }
  const fields = Object.entries({ ...usual, ...instead }).flatMap(([name, text]) =>
    text === null ? [] : [`${name}: ${text}`],
  )
  return `GET ${path} HTTP/1.1\r\n${[...fields, ...lines].join('\r\n')}\r\n\r\n`
}

/** The value of `Sec-WebSocket-Accept` that belongs to a key (RFC 6455 1.3). */
export function acceptFor(key = socketKey): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** A worker's agreement as bytes; `instead` as above. */
export function agreement(
  lines: readonly string[] = [],
  instead: Readonly<Record<string, string | null>> = {},
): string {
  const usual = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': acceptFor() }
  const fields = Object.entries({ ...usual, ...instead }).flatMap(([name, text]) =>
    text === null ? [] : [`${name}: ${text}`],
  )
  return `HTTP/1.1 101 Switching Protocols\r\n${[...fields, ...lines].join('\r\n')}\r\n\r\n`
}
