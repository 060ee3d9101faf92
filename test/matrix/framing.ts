/** T1-T22, T32, T34: how long a body is said to be (RFC 9112 6). */

import { get, message, post, variants } from './bytes.ts'
import { broken, forwarded, plain, posted, refused } from './case.ts'
import type { RequestCase } from './case.ts'

const noChunks = '0\r\n\r\n'
const coded = (coding: string, body = noChunks): string => post([`Transfer-Encoding: ${coding}`], body)
const looksLikeRequest = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'
const ended = `${looksLikeRequest.length.toString(16)}\r\n${looksLikeRequest}\r\n${noChunks}`

/** Lengths and codings, wrong or odd in one way. */
export const framingCases: readonly RequestCase[] = [
  ...variants(
    'T1',
    'RFC 9112 6.1',
    [
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      ['Content-Length: 0', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'X: 1', 'Content-Length: 0'],
    ],
    (lines) => ({ title: lines.join(', '), bytes: post(lines, noChunks), outcome: refused(400) }),
  ),
  {
    id: 'T2',
    title: 'Transfer-Encoding: chunked twice',
    bytes: post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], noChunks),
    outcome: refused(400),
    source: 'RFC 9112 6.1',
  },
  {
    id: 'T3',
    title: 'the coding chunked, chunked',
    bytes: coded('chunked, chunked'),
    outcome: refused(400),
    source: 'RFC 9112 6.1',
  },
  ...variants('T4', 'RFC 9112 6.1', ['gzip, chunked', 'deflate, chunked'], (coding) => ({
    title: `the coding ${coding}`,
    bytes: coded(coding),
    outcome: refused(501),
  })),
  ...variants('T5', 'RFC 9112 6.3', ['gzip', 'gzip, deflate', ''], (coding) => ({
    title: `the coding ${JSON.stringify(coding)}`,
    bytes: coded(coding, ''),
    outcome: refused(400, 501),
  })),
  ...variants('T6', 'RFC 9112 6.3', ['chunked, gzip', 'chunked, identity'], (coding) => ({
    title: `the coding ${coding}`,
    bytes: coded(coding),
    outcome: refused(400, 501),
  })),
  ...variants('T7', 'RFC 9112 7', [['X: a'], ['Content-Length: 2']], (lines) => ({
    title: `the coding identity with ${lines.join()}`,
    bytes: post(['Transfer-Encoding: identity', ...lines], 'hi'),
    outcome: refused(400, 501),
  })),
  ...variants('T8', 'RFC 9112 6.1', [',chunked', ', chunked', 'chunked,'], (coding) => ({
    title: `the coding ${coding}`,
    bytes: coded(coding),
    outcome: refused(400, 501),
  })),
  ...variants(
    'T9',
    'CVE-2026-54387',
    ['xchunked', 'chunkedfoo', '"chunked"', "'chunked'", 'chunked;a=b', 'chunked chunked', 'chun ked'],
    (coding) => ({ title: `the coding ${coding}`, bytes: coded(coding), outcome: refused(400, 501) }),
  ),
  ...variants(
    'T10',
    'RFC 9110 5.5',
    ['\x0bchunked', '\x0cchunked', '\xa0chunked', 'chunked\x00', '\x00chunked'],
    (coding) => ({
      title: `the coding ${JSON.stringify(coding)}`,
      bytes: coded(coding),
      outcome: refused(400, 501),
    }),
  ),
  ...variants(
    'T11',
    'RFC 9112 5.1, CVE-2024-27982',
    [
      'Transfer-Encoding : chunked',
      'Transfer-Encoding\t: chunked',
      ' Transfer-Encoding: chunked',
      'Content-Length : 5',
    ],
    (line) => ({
      title: `the line ${JSON.stringify(line)}`,
      bytes: post([line], noChunks),
      outcome: refused(400),
    }),
  ),
  {
    id: 'T12',
    title: 'a folded coding',
    bytes: coded('\r\n chunked'),
    outcome: refused(400),
    source: 'CVE-2022-32215',
  },
  ...variants('T13', 'RFC 9112 7', ['Chunked', 'CHUNKED', 'chunked '], (coding) => ({
    title: `the coding ${JSON.stringify(coding)}`,
    bytes: coded(coding, `2\r\nhi\r\n${noChunks}`),
    outcome: posted('hi'),
  })),
  {
    id: 'T13z',
    title: 'the coding chunked between tabs',
    bytes: coded('\tchunked\t', `2\r\nhi\r\n${noChunks}`),
    outcome: { ...posted('hi'), or: broken(400) },
    source: 'RFC 9110 5.6.3',
  },
  {
    id: 'T14',
    title: 'chunks in HTTP/1.0',
    bytes: message('POST /x HTTP/1.0', ['Host: a', 'Transfer-Encoding: chunked'], noChunks),
    outcome: refused(400),
    source: 'RFC 9112 6.1',
  },
  ...variants(
    'T15',
    'RFC 9112 6.3',
    [
      ['Content-Length: 2', 'Content-Length: 2'],
      ['Content-Length: 2', 'content-length: 3'],
      ['Content-Length: 2, 2'],
      ['Content-Length: 2,'],
    ],
    (lines) => ({ title: lines.join(' and '), bytes: post(lines, 'hi!'), outcome: refused(400) }),
  ),
  ...variants(
    'T16',
    'RFC 9110 8.6',
    [
      '+3',
      '-1',
      '0x3',
      '0_3',
      '3 0',
      '3.0',
      '3;',
      '\x0b3',
      '3\xa0',
      '',
      '18446744073709551616',
      '18446744073709551619',
    ],
    (length) => ({
      title: `the length ${JSON.stringify(length)}`,
      bytes: post([`Content-Length: ${length}`], 'abc'),
      outcome: refused(400, 413),
    }),
  ),
  {
    id: 'T17',
    title: 'zeros before a length',
    bytes: post(['Content-Length: 003'], 'abc'),
    outcome: { ...posted('abc', {}, { framing: 'length' }), or: refused(400) },
    source: 'RFC 9110 8.6',
  },
  ...variants('T18', 'limits.body', ['9999999999999999999', '209715201'], (length) => ({
    title: `the length ${length}`,
    bytes: post([`Content-Length: ${length}`], 'abc'),
    outcome: refused(413),
  })),
  ...variants(
    'T20',
    'RFC 9112 8',
    [
      post(['Content-Length: 9'], 'half'),
      post(['Transfer-Encoding: chunked'], '9\r\nhalf'),
      post(['Transfer-Encoding: chunked'], '4\r\nhalf\r\n'),
    ],
    (bytes) => ({
      title: `a client that ends its side inside ${bytes.slice(bytes.indexOf('a\r\n') + 3).replaceAll('\r\n', ' ')}`,
      bytes,
      ends: true,
      outcome: broken(400, 408),
    }),
  ),
  ...variants('T21', 'RFC 9110 9.3.1', ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'], (method) => ({
    title: `${method} with a body`,
    bytes: message(`${method} /x HTTP/1.1`, ['Host: a', 'Content-Length: 2'], 'hi'),
    outcome: forwarded({ start: `${method} /x HTTP/1.1`, body: 'hi', framing: 'length' }),
  })),
  {
    id: 'T21z',
    title: 'POST without a word about a body',
    bytes: post([]),
    outcome: forwarded({ start: 'POST /x HTTP/1.1', framing: 'maybe' }),
    source: 'RFC 9112 6.3',
  },
  {
    id: 'T21y',
    title: 'POST with a length of 0',
    bytes: post(['Content-Length: 0']),
    outcome: forwarded({ start: 'POST /x HTTP/1.1', framing: 'maybe' }),
    source: 'RFC 9112 6.3',
  },
  ...variants('T22', 'CVE-2026-29057', ['GET', 'HEAD', 'DELETE', 'OPTIONS'], (method) => ({
    title: `${method} with chunks that look like a request`,
    bytes: message(`${method} /x HTTP/1.1`, ['Host: a', 'Transfer-Encoding: chunked'], ended),
    outcome: forwarded({ start: `${method} /x HTTP/1.1`, body: looksLikeRequest }),
  })),
  {
    id: 'T32a',
    title: 'a request behind a body with a length',
    bytes: post(['Content-Length: 2'], 'hi') + get('/next'),
    outcome: forwarded([...posted('hi').requests, ...plain('/next').requests]),
    source: 'RFC 9112 9.3.2',
  },
  {
    id: 'T32b',
    title: 'a request behind chunks',
    bytes: coded('chunked', `2\r\nhi\r\n${noChunks}`) + get('/next'),
    outcome: forwarded([...posted('hi').requests, ...plain('/next').requests]),
    source: 'RFC 9112 9.3.2',
  },
  ...variants(
    'T34',
    'RFC 9112 5.1',
    ['Transfer-Encoding\x00: chunked', 'Transfer-Encoding\x0b: chunked', 'Transfer-\x00Encoding: chunked'],
    (line) => ({
      title: `a length of 0 and ${JSON.stringify(line)}`,
      bytes: post(['Content-Length: 0', line], noChunks),
      outcome: refused(400),
    }),
  ),
]
