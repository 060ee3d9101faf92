/** C: Expect, and what belongs to one connection or to the gateway alone (RFC 9110 7.6, 10.1.1). */

import { get, message, post, variants } from './bytes.ts'
import { forwarded, plain, posted, refused } from './case.ts'
import type { Fields, RequestCase, Setting } from './case.ts'

const perHop = [
  'Keep-Alive: 5',
  'Proxy-Connection: close',
  'Proxy-Authenticate: Basic',
  'Proxy-Authorization: Basic x',
  'TE: gzip',
  'TE: trailers',
  'Trailer: X-A',
  'Upgrade: a',
  'HTTP2-Settings: a',
  'Alt-Svc: h3',
]
const managed = [
  'Forwarded: for=1.1.1.1',
  'X-Real-IP: 1.1.1.1',
  'X-Original-URL: /evil',
  'X-Rewrite-URL: /evil',
  'X-Envoy-A: b',
  'True-Client-IP: 1.1.1.1',
  'CF-Connecting-IP: 1.1.1.1',
  'X-Forwarded-For: 1.1.1.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Uri: /evil',
  'X-Forwarded-Method: PUT',
  'X-Client-IP: 1.1.1.1',
]
const identities = [
  'X-Forwarded-User: a',
  'x-FLUXLIT-email: a',
  'X-Fluxlit_Email: a',
  'X-Auth-Request-User: a',
  'X_AUTH_REQUEST_USER: a',
  'Remote-User: a',
  'X-Streamlit-User: a',
]
const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const said = (
  title: string,
  lines: readonly string[],
  own: Fields,
  setting: Setting = 'trusting',
): Omit<RequestCase, 'id' | 'source'> => ({
  title,
  bytes: get('/x', ...lines),
  outcome: plain('/x', {}, { own }),
  setting,
})

/** Expectations, connections, and names that are not the client's to set. */
export const hopCases: readonly RequestCase[] = [
  {
    id: 'C1a',
    title: 'Expect: 100-continue and the body at once',
    bytes: post(['Expect: 100-continue', 'Content-Length: 2'], 'hi'),
    outcome: posted('hi'),
    source: 'RFC 9110 10.1.1',
  },
  {
    id: 'C1b',
    title: 'Expect: 100-Continue, and the body after the 100',
    bytes: post(['Expect: 100-Continue', 'Content-Length: 2']),
    afterContinue: 'hi',
    outcome: posted('hi'),
    source: 'RFC 9110 10.1.1',
  },
  {
    id: 'C1c',
    title: 'Expect: 100-continue, and chunks after the 100',
    bytes: post(['Expect: 100-continue', 'Transfer-Encoding: chunked']),
    afterContinue: '2\r\nhi\r\n0\r\n\r\n',
    outcome: posted('hi'),
    source: 'RFC 9110 10.1.1',
  },
  {
    id: 'C1d',
    title: 'Expect: 100-continue before a body that is too large: no 100',
    bytes: post(['Expect: 100-continue', 'Content-Length: 999999999']),
    outcome: refused(413),
    source: 'RFC 9110 10.1.1',
  },
  ...variants(
    'C2',
    'RFC 9110 10.1.1',
    ['foo', 'y 100-continue', '100-continue, x', '100-continue;a', ''],
    (value) => ({
      title: `Expect: ${value}`,
      bytes: post([`Expect: ${value}`, 'Content-Length: 2'], 'hi'),
      outcome: refused(417),
    }),
  ),
  {
    id: 'C4a',
    title: 'GET with Expect: 100-continue',
    bytes: get('/x', 'Expect: 100-continue'),
    outcome: forwarded({ start: 'GET /x HTTP/1.1' }, { connection: 'either' }),
    source: 'RFC 9110 10.1.1',
  },
  {
    id: 'C4b',
    title: 'Expect: 100-continue with a length of 0',
    bytes: post(['Expect: 100-continue', 'Content-Length: 0']),
    outcome: forwarded({ start: 'POST /x HTTP/1.1', framing: 'maybe' }, { connection: 'either' }),
    source: 'RFC 9110 10.1.1',
  },
  ...variants(
    'C6',
    'RFC 9110 7.6.1',
    [
      ['Connection: X-Foo', 'X-Foo: 1'],
      ['X-Foo: 1', 'connection: keep-alive , x-FOO'],
    ],
    (lines) => ({
      title: lines.join(', '),
      bytes: get('/x', ...lines),
      outcome: plain(),
    }),
  ),
  ...variants('C7', 'CVE-2024-45410', ['Authorization', 'Cookie', 'Host', 'Content-Length'], (name) => ({
    title: `Connection: close, ${name}`,
    bytes: get('/x', `Connection: close, ${name}`),
    outcome: refused(400),
  })),
  ...variants(
    'C7z',
    'CVE-2024-45410',
    ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Request-ID', 'traceparent', 'X-Auth-User', 'Content-Type'],
    (name) => ({
      title: `Connection: ${name}, with such a field`,
      bytes: get('/x', `Connection: ${name}`, `${name}: 1.1.1.1`),
      outcome: plain(),
    }),
  ),
  ...variants(
    'C8',
    'RFC 9112 9.6',
    [['Connection: CLOSE'], ['Connection: X-A, close'], ['Connection: keep-alive', 'Connection: close']],
    (lines) => ({
      title: lines.join(' and '),
      bytes: get('/x', ...lines),
      outcome: forwarded({ start: 'GET /x HTTP/1.1' }, { connection: 'closed' }),
    }),
  ),
  {
    id: 'C8z',
    title: 'HTTP/1.0 with Connection: keep-alive',
    bytes: message('GET /x HTTP/1.0', ['Host: a', 'Connection: keep-alive']),
    outcome: forwarded({ start: 'GET /x HTTP/1.1' }, { connection: 'either' }),
    source: 'RFC 9112 9.3',
  },
  ...variants('C9', 'RFC 9110 7.6.1', perHop, (line) => ({
    title: line,
    bytes: get('/x', line),
    outcome: forwarded({ start: 'GET /x HTTP/1.1' }, { connection: 'either' }),
  })),
  ...variants('C11', 'Uvicorn trusts them from loopback', managed, (line) => ({
    title: `${line} from a peer that is not trusted`,
    bytes: get('/x', line),
    outcome: plain(),
  })),
  ...variants(
    'C12',
    'the last hop that is not trusted is the client',
    [
      said('X-Forwarded-For of one hop', ['X-Forwarded-For: 1.1.1.1'], { 'x-forwarded-for': '1.1.1.1' }),
      said('X-Forwarded-For with a hop before', ['X-Forwarded-For: 9.9.9.9, 1.1.1.1'], {
        'x-forwarded-for': '1.1.1.1',
      }),
      said('X-Forwarded-For past a trusted hop', ['X-Forwarded-For: 1.1.1.1, 127.0.0.9'], {
        'x-forwarded-for': '1.1.1.1',
      }),
      said('X-Forwarded-For in two lines', ['X-Forwarded-For: 9.9.9.9', 'x-forwarded-for: 1.1.1.1'], {
        'x-forwarded-for': '1.1.1.1',
      }),
      said('X-Forwarded-For that is no address', ['X-Forwarded-For: 1.1.1.1, evil'], {}),
      said('X-Forwarded-Proto', ['X-Forwarded-Proto: https'], {
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '443',
      }),
      said('X-Forwarded-Proto that is none', ['X-Forwarded-Proto: gopher'], {}),
    ],
    (row) => ({ ...row, title: `${row.title} from a trusted peer` }),
  ),
  {
    id: 'C12z',
    title: 'X-Forwarded-Host from a trusted peer',
    bytes: get('/x', 'X-Forwarded-Host: shop:81'),
    outcome: plain('/x', {}, { host: 'shop:81' }),
    source: 'the Host of the browser',
    setting: 'trusting',
  },
  ...variants('C13', 'GHSA-7r4p, GHSA-vjrc', identities, (line) => ({
    title: `${line} from a client`,
    bytes: get('/x', line),
    outcome: plain(),
  })),
  {
    id: 'C14a',
    title: 'X-Request-ID from a peer that is not trusted',
    bytes: get('/x', 'X-Request-ID: mine'),
    outcome: plain(),
    source: 'log injection',
  },
  ...variants(
    'C14z',
    'log injection',
    [
      said('a plain X-Request-ID', ['X-Request-ID: mine.1'], { 'x-request-id': 'mine.1' }),
      ...['a b', 'x'.repeat(65), 'a\xe9', ''].map((id) =>
        said(`the X-Request-ID ${JSON.stringify(id)}`, [`X-Request-ID: ${id}`], {}),
      ),
    ],
    (row) => ({ ...row, title: `${row.title} from a trusted peer` }),
  ),
  ...variants(
    'C15',
    'W3C Trace Context 3.2',
    [
      said('a traceparent from a peer that is not trusted', [`traceparent: ${trace}`], {}, 'plain'),
      said('a traceparent from a trusted peer', [`traceparent: ${trace}`], { traceparent: trace }),
      ...[
        '00-x',
        trace.toUpperCase(),
        trace.replace(/^00/, 'ff'),
        trace.replace(/0af.*?-/, `${'0'.repeat(32)}-`),
      ].map((text) => said(`the traceparent ${text}`, [`traceparent: ${text}`], {})),
    ],
    (row) => row,
  ),
  {
    id: 'C16',
    title: 'a Via of another proxy',
    bytes: get('/x', 'Via: 1.0 x', 'Via: 1.1 y'),
    outcome: plain('/x', {}, { own: { via: '1.0 x, 1.1 y, 1.1 fluxlit' } }),
    source: 'RFC 9110 7.6.3',
  },
]
