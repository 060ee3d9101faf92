/** L: the request line and the ends of lines (RFC 9112 2, 3). */

import { get, message, variants } from './bytes.ts'
import { forwarded, plain, refused } from './case.ts'
import type { RequestCase } from './case.ts'

const long = (length: number): string => `/${'x'.repeat(length - 1)}`
const paths = Array.from({ length: 50 }, (_, index) => `/${index}`)
const hello = '\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03'

/** One line of a request head each, wrong or odd in one way. */
export const requestLineCases: readonly RequestCase[] = [
  ...variants(
    'L1',
    'RFC 9112 2.2',
    [
      ['a bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
      ['bare LFs only', 'GET / HTTP/1.1\nHost: a\n\n'],
    ],
    ([title = '', bytes = '']) => ({ title, bytes, outcome: refused(400) }),
  ),
  ...variants(
    'L2',
    'RFC 9112 2.2, CVE-2022-32214',
    [
      ['a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
      ['a bare LF as the last line', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
      ['a bare LF between two fields', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
    ],
    ([title = '', bytes = '']) => ({ title, bytes, outcome: refused(400) }),
  ),
  ...variants(
    'L3',
    'RFC 9112 2.2',
    [
      ['a bare CR in the request line', 'GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['a bare CR in a value', get('/', 'X: a\rb')],
      ['a bare CR in a name', get('/', 'X\rY: a')],
      ['two CRs before an LF', 'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n'],
    ],
    ([title = '', bytes = '']) => ({ title, bytes, outcome: refused(400) }),
  ),
  {
    id: 'L4',
    title: 'a head that ends in CR X',
    bytes: 'GET / HTTP/1.1\r\nHost: a\r\n\rX',
    outcome: refused(400),
    source: 'CVE-2025-23167',
  },
  {
    id: 'L5',
    title: 'an empty line in front',
    bytes: `\r\n${get('/x')}`,
    outcome: plain(),
    source: 'RFC 9112 2.2',
  },
  ...variants(
    'L6',
    'RFC 9112 2.2; nothing extra is forwarded',
    [
      ['a bare LF in front', '\n'],
      ['two empty lines in front', '\r\n\r\n'],
    ],
    ([title = '', front = '']) => ({ title, bytes: front + get('/x'), outcome: plain() }),
  ),
  ...variants('L7', 'RFC 9112 3', [' ', '\t'], (front) => ({
    title: `${front === ' ' ? 'a space' : 'a tab'} in front`,
    bytes: front + get('/x'),
    outcome: refused(400),
  })),
  ...variants(
    'L8',
    'RFC 9112 3; nothing extra is forwarded',
    [
      ['two spaces before the target', 'GET  /x HTTP/1.1'],
      ['two spaces before the version', 'GET /x  HTTP/1.1'],
    ],
    ([title = '', line = '']) => ({ title, bytes: message(line, ['Host: a']), outcome: plain() }),
  ),
  ...variants('L9', 'RFC 9112 3', [' ', '\t'], (behind) => ({
    title: `${behind === ' ' ? 'a space' : 'a tab'} behind the version`,
    bytes: message(`GET / HTTP/1.1${behind}`, ['Host: a']),
    outcome: refused(400),
  })),
  ...variants(
    'L10',
    'RFC 9112 3.2',
    [
      ['a tab in the path', '/a\tb'],
      ['NUL in the path', '/a\x00b'],
      ['a high byte in the path', '/a\x80b'],
      ['DEL in the path', '/a\x7fb'],
      ['a control byte in the path', '/a\x01b'],
      ['a control byte in the query', '/a?\x01'],
      ['a high byte in the query', '/a?\xe9'],
    ],
    ([title = '', target = '']) => ({ title, bytes: get(target), outcome: refused(400) }),
  ),
  ...variants('L11', 'RFC 9110 9.1', ['get', 'FOO', 'G@T', 'GE\x80T'], (method) => ({
    title: `the method ${JSON.stringify(method)}`,
    bytes: message(`${method} / HTTP/1.1`, ['Host: a']),
    outcome: refused(400, 501),
  })),
  {
    id: 'L12',
    title: 'the preface of HTTP/2',
    bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    outcome: refused(400, 505),
    source: 'RFC 9113 3.4',
  },
  {
    id: 'L13',
    title: 'HTTP/0.9',
    bytes: 'GET /\r\n\r\n',
    outcome: refused(400, 505),
    source: 'RFC 9112 3',
  },
  {
    id: 'L14',
    title: 'HTTP/2.0 as text',
    bytes: message('GET / HTTP/2.0', ['Host: a']),
    outcome: refused(505),
    source: 'RFC 9110 2.5',
  },
  ...variants(
    'L15',
    'RFC 9112 2.3',
    ['HTTP/1.2', 'HTTP/9.9', 'http/1.1', 'HTTP/1.10', 'HTTP/01.1', 'HTTPS/1.1'],
    (version) => ({
      title: `the version ${version}`,
      bytes: message(`GET / ${version}`, ['Host: a']),
      outcome: refused(400, 505),
    }),
  ),
  ...variants('L16', 'RFC 9112 3.2', [null, 'b.example'], (host) => ({
    title: `HTTP/1.0 ${host === null ? 'without' : 'with'} Host`,
    bytes: message('GET /x HTTP/1.0', host === null ? [] : [`Host: ${host}`]),
    outcome: forwarded({ start: 'GET /x HTTP/1.1', host }, { connection: 'closed' }),
  })),
  {
    id: 'L17a',
    title: 'a target of 8 KiB',
    bytes: get(long(8_192)),
    outcome: plain(long(8_192)),
    source: 'RFC 9112 3',
  },
  ...variants('L17b', 'RFC 9112 3', [8_193, 17_000], (length) => ({
    title: `a target of ${length} bytes`,
    bytes: get(long(length)),
    outcome: refused(414),
  })),
  ...variants(
    'L18',
    'RFC 9112 2.2',
    [
      ['a TLS hello', hello],
      ['a TLS hello and an empty line', `${hello}\r\n\r\n`],
      ['garbage', '\x00\xff\x00\xff\r\n\r\n'],
    ],
    ([title = '', bytes = '']) => ({ title, bytes, outcome: refused(400) }),
  ),
  {
    id: 'L19',
    title: 'a request behind one with Connection: close',
    bytes: get('/x', 'Connection: close') + get('/evil'),
    outcome: forwarded({ start: 'GET /x HTTP/1.1' }, { connection: 'closed' }),
    source: 'RFC 9112 9.6',
  },
  {
    id: 'L20',
    title: '50 requests in one write',
    bytes: paths.map((path) => get(path)).join(''),
    outcome: forwarded(paths.map((path) => ({ start: `GET ${path} HTTP/1.1` }))),
    source: 'RFC 9112 9.3.2',
  },
]
