/** U: WebSocket handshakes (RFC 6455 4, RFC 9110 7.8). */

import { handshake } from '../support/websocket.ts'
import { get, message, variants } from './bytes.ts'
import { forwarded, plain, refused } from './case.ts'
import type { Expected, Fields, RequestCase, Upgraded } from './case.ts'

/** What the worker must see of a handshake, besides the upgrade itself and the key. */
const socket = (fields: Fields = {}, rest: Partial<Expected> = {}): Upgraded => ({
  kind: 'upgraded',
  request: {
    start: 'GET /s HTTP/1.1',
    host: 'a:8000',
    upgrades: true,
    fields: { 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...fields },
    ...rest,
  },
})
const bad: readonly (readonly [string, string, ...number[]])[] = [
  ['U3a for one of two protocols', handshake('/s', [], { Upgrade: 'websocket, h2c' }), 400],
  ['U3b with two Upgrade lines', handshake('/s', ['Upgrade: websocket']), 400],
  ['U3c with an Upgrade line for another protocol', handshake('/s', ['Upgrade: h2c']), 400],
  ['U7a by POST', handshake('/s').replace('GET', 'POST'), 400],
  ['U7b by POST with a body', `${handshake('/s', ['Content-Length: 2']).replace('GET', 'POST')}hi`, 400],
  ['U7c with a body', `${handshake('/s', ['Content-Length: 2'])}hi`, 400],
  ['U7d with chunks', `${handshake('/s', ['Transfer-Encoding: chunked'])}0\r\n\r\n`, 400],
  ['U8a without a key', handshake('/s', [], { 'Sec-WebSocket-Key': null }), 400],
  ['U8b with a short key', handshake('/s', [], { 'Sec-WebSocket-Key': 'AAAA' }), 400],
  ['U8c with two keys', handshake('/s', ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']), 400],
  ['U8d in version 8', handshake('/s', [], { 'Sec-WebSocket-Version': '8' }), 426],
  ['U8e without a version', handshake('/s', [], { 'Sec-WebSocket-Version': null }), 400, 426],
  ['U8f in versions 13 and 8', handshake('/s', ['Sec-WebSocket-Version: 8']), 400, 426],
  ['U16a from a foreign page', handshake('/s', ['Origin: http://evil']), 403],
  ['U16b from a page on another port', handshake('/s', ['Origin: http://a:9']), 403],
  ['U16c from a sandbox', handshake('/s', ['Origin: null']), 403],
  ['U16d from two origins', handshake('/s', ['Origin: http://a:8000', 'Origin: http://evil']), 400],
  ['U17a at a path with dot segments', handshake('/x%2f../s'), 400],
  ['U17b in the absolute form of another host', handshake('http://evil/s'), 400],
  ['U17c without Host', handshake('/s', [], { Host: null }), 400],
]

/** Handshakes, good, bad and none. */
export const upgradeCases: readonly RequestCase[] = [
  {
    id: 'U1',
    title: 'a handshake with Connection: keep-alive, Upgrade',
    bytes: handshake('/s'),
    outcome: socket(),
    source: 'RFC 6455 4.1',
  },
  ...variants('U2', 'RFC 9113 3.2; h2c smuggling', ['h2c', 'TLS/1.0', 'foo'], (protocol) => ({
    title: `an upgrade to ${protocol}`,
    bytes: get('/x', 'Connection: Upgrade, HTTP2-Settings', `Upgrade: ${protocol}`, 'HTTP2-Settings: x'),
    outcome: plain(),
  })),
  ...bad.map(([text, bytes, ...statuses]): RequestCase => ({
    id: text.split(' ', 1)[0] ?? '',
    title: `a handshake ${text.slice(text.indexOf(' ') + 1)}`,
    bytes,
    outcome: refused(...statuses),
    source: 'RFC 6455 4.2.1',
  })),
  {
    id: 'U4',
    title: 'a handshake in capitals',
    bytes: handshake('/s', [], { Upgrade: 'WebSocket', Connection: 'UPGRADE' }),
    outcome: socket(),
    source: 'RFC 6455 4.2.1',
  },
  {
    id: 'U5',
    title: 'an upgrade that Connection does not name',
    bytes: get('/x', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
    outcome: plain('/x', { 'sec-websocket-version': '13' }),
    source: 'RFC 9110 7.8',
  },
  {
    id: 'U6',
    title: 'a handshake in HTTP/1.0',
    bytes: message('GET /x HTTP/1.0', ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket']),
    outcome: { ...forwarded({ start: 'GET /x HTTP/1.1' }, { connection: 'closed' }), or: refused(400) },
    source: 'RFC 9110 7.8',
  },
  {
    id: 'U9',
    title: 'a message right behind the handshake',
    bytes: `${handshake('/s')}\x81\x82\x00\x00\x00\x00hi`,
    outcome: socket(),
    source: 'RFC 9931',
  },
  {
    id: 'U10',
    title: 'a request right behind a handshake that the worker refuses',
    bytes: handshake('/refuse') + get('/admin'),
    outcome: forwarded(
      { ...socket().request, start: 'GET /refuse HTTP/1.1' },
      { status: 403, connection: 'closed' },
    ),
    source: 'RFC 9931',
  },
  {
    id: 'U14',
    title: 'subprotocols that Streamlit counts by position',
    bytes: handshake('/s', ['Sec-WebSocket-Protocol: streamlit, xsrf, session']),
    outcome: socket({ 'sec-websocket-protocol': 'streamlit, xsrf, session' }),
    source: 'Streamlit',
  },
  {
    id: 'U15',
    title: 'extensions',
    bytes: handshake('/s', ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15']),
    outcome: socket({ 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits=15' }),
    source: 'RFC 6455 9.1',
  },
  {
    id: 'U16z',
    title: 'a handshake from a page of its own',
    bytes: handshake('/s', ['Origin: http://a:8000']),
    outcome: socket({ origin: 'http://a:8000' }),
    source: 'RFC 6455 10.2',
  },
  {
    id: 'U23',
    title: 'a plain request for the address of a socket',
    bytes: get('/_stcore/stream'),
    outcome: plain('/_stcore/stream'),
    source: 'Streamlit',
  },
  {
    id: 'U24',
    title: 'a handshake that the worker refuses',
    bytes: handshake('/refuse'),
    outcome: forwarded(
      { ...socket().request, start: 'GET /refuse HTTP/1.1' },
      { status: 403, connection: 'either' },
    ),
    source: 'RFC 6455 4.2.2',
  },
]
