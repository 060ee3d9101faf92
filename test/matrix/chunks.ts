/**
 * T23-T31: bodies in chunks (RFC 9112 7.1). A fault here is found when the head may be at the worker already: it
 * must never see the end of such a request.
 */

import { chunked, variants } from './bytes.ts'
import { broken, posted } from './case.ts'
import type { RequestCase } from './case.ts'

const last = '0\r\n\r\n'
const sized = (size: string): string => `1\r\na\r\n${size}\r\nabc\r\n${last}`
const sizes = [
  '0x3',
  '+3',
  '-3',
  '3_0',
  ' 3',
  '3 ',
  '\t3',
  '3\t',
  '',
  'g',
  '3g',
  '3.',
  '10000000000000003',
  'fffffffffffffffff',
]
const kib = (count: number): string => 'x'.repeat(count * 1_024)

/** Chunks, wrong or odd in one way. */
export const chunkCases: readonly RequestCase[] = [
  ...variants('T23', 'RFC 9112 7.1', sizes, (size) => ({
    title: `the chunk size ${JSON.stringify(size)}`,
    bytes: chunked(sized(size)),
    outcome: broken(400, 413),
  })),
  ...variants('T24', 'RFC 9112 7.1', ['02', '00000000000000002'], (size) => ({
    title: `the chunk size ${size}`,
    bytes: chunked(`${size}\r\nhi\r\n00\r\n\r\n`),
    outcome: posted('hi'),
  })),
  {
    id: 'T24z',
    title: 'chunk sizes in letters of both cases',
    bytes: chunked(`a\r\n0123456789\r\nA\r\n0123456789\r\n${last}`),
    outcome: posted('01234567890123456789'),
    source: 'RFC 9112 7.1',
  },
  ...variants(
    'T25',
    'RFC 9112 7.1',
    [
      ['a chunk longer than its size', `2\r\nabc\r\n${last}`],
      ['no line end behind a chunk', `2\r\nhi${last}`],
      ['a bare LF behind a chunk', `2\r\nhi\n${last}`],
      ['a bare CR behind a chunk', `2\r\nhi\r${last}`],
      ['a bare LF behind a chunk size', `2\nhi\r\n${last}`],
      ['a bare CR behind a chunk size', `2\rhi\r\n${last}`],
      ['a bare LF behind the last chunk', '2\r\nhi\r\n0\n\r\n'],
      ['a bare LF as the last line', '2\r\nhi\r\n0\r\n\n'],
      ['CR X instead of the last line', '2\r\nhi\r\n0\r\n\rX'],
    ],
    ([title = '', body = '']) => ({ title, bytes: chunked(body), outcome: broken(400) }),
  ),
  ...variants('T26', 'RFC 9112 7.1.1', ['2;a=b', '2;a', '2;a="b;c"', '2;a=b;c=d'], (line) => ({
    title: `the chunk extension ${line.slice(1)}`,
    bytes: chunked(`${line}\r\nhi\r\n${last}`),
    outcome: posted('hi'),
  })),
  {
    id: 'T26y',
    title: 'chunk extensions of 15 KiB',
    bytes: chunked(`2;a=${kib(15)}\r\nhi\r\n${last}`),
    outcome: posted('hi'),
    source: 'CVE-2024-22019',
  },
  {
    id: 'T26z',
    title: 'a chunk extension of 20 KiB',
    bytes: chunked(`2;a=${kib(20)}\r\nhi\r\n${last}`),
    outcome: broken(400, 413, 431),
    source: 'CVE-2024-22019',
  },
  ...variants(
    'T27',
    'RFC 9112 7.1.1',
    [
      ['a bare LF', '2;a\nhi'],
      ['a bare CR', '2;a\rb\r\nhi'],
      ['NUL', '2;a\x00\r\nhi'],
      ['a quoted line end', '2;a="\r\nx"\r\nhi'],
      ['a quoted bare LF', '2;a="\nx"\r\nhi'],
      ['DEL', '2;a\x7f\r\nhi'],
    ],
    ([title = '', chunk = '']) => ({
      title: `${title} in a chunk extension`,
      bytes: chunked(`${chunk}\r\n${last}`),
      outcome: broken(400),
    }),
  ),
  {
    id: 'T28',
    title: '20 000 chunks of one byte',
    bytes: chunked(`${'1\r\nx\r\n'.repeat(20_000)}${last}`),
    outcome: posted('x'.repeat(20_000)),
    source: 'RFC 9112 7.1',
  },
  ...variants(
    'T29',
    'RFC 9110 6.5.1',
    [
      'X-A: b',
      'Host: evil',
      'Authorization: evil',
      'X-Forwarded-For: 1.1.1.1',
      'X-Fluxlit-Email: evil',
      'Cookie: evil',
    ],
    (line) => ({
      title: `the trailer ${line}`,
      bytes: chunked(`2\r\nhi\r\n0\r\n${line}\r\n\r\n`),
      outcome: posted('hi'),
    }),
  ),
  ...variants('T30', 'RFC 9110 6.5.1', ['Content-Length: 5', 'Transfer-Encoding: chunked'], (line) => ({
    title: `the trailer ${line}`,
    bytes: chunked(`2\r\nhi\r\n0\r\n${line}\r\n\r\n`),
    outcome: { ...posted('hi'), or: broken(400) },
  })),
  ...variants(
    'T30z',
    'RFC 9112 5',
    ['X : a', ' X: a', 'X', ': a', 'X: a\x00', 'X: a\rb', 'X: a\r\n b', 'X\x00: a', 'X: a\nY: b'],
    (line) => ({
      title: `the trailer ${JSON.stringify(line)}`,
      bytes: chunked(`2\r\nhi\r\n0\r\n${line}\r\n\r\n`),
      outcome: broken(400),
    }),
  ),
  {
    id: 'T31',
    title: 'trailers of 70 KiB',
    bytes: chunked(`2\r\nhi\r\n0\r\nX: ${kib(70)}\r\n\r\n`),
    outcome: broken(400, 413, 431),
    source: 'limits.header_bytes',
  },
]
