/** N: syntax, names and number of fields (RFC 9112 5, RFC 9110 5). */

import { get, message, post, variants } from './bytes.ts'
import { plain, refused } from './case.ts'
import type { RequestCase } from './case.ts'

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `X-${index}: 1`)
const ambiguous = ['X_Forwarded_For', 'X_Auth_User', 'Transfer_Encoding', 'Content_Length', 'X.Forwarded.For']

/** Fields, wrong or odd in one way. */
export const fieldCases: readonly RequestCase[] = [
  ...variants(
    'N1',
    'RFC 9112 5.2, CVE-2022-32215',
    [
      ['a folded line', get('/', 'X: a\r\n b')],
      ['a line folded with a tab', get('/', 'X: a\r\n\tb')],
      ['a folded first field', message('GET / HTTP/1.1', ['Host:\r\n a'])],
      ['a folded empty line', get('/', 'X: a\r\n ')],
    ],
    ([title = '', bytes = '']) => ({ title, bytes, outcome: refused(400) }),
  ),
  ...variants('N2', 'RFC 9112 2.2', [' ', '\t'], (front) => ({
    title: `${front === ' ' ? 'a space' : 'a tab'} before the first field`,
    bytes: message('GET / HTTP/1.1', [`${front}X: a`, 'Host: a']),
    outcome: refused(400),
  })),
  ...variants(
    'N3',
    'RFC 9112 5.1',
    ['X : a', 'X\t: a', ': a', 'X', 'X Y: a', '"X": a', 'X(): a', 'X@Y: a', 'X[]: a', 'X{}: a', 'X;: a'],
    (line) => ({ title: `the line ${JSON.stringify(line)}`, bytes: get('/', line), outcome: refused(400) }),
  ),
  ...variants('N4', 'RFC 9110 5.5', ['\x00', '\x01', '\x0b', '\x1f', '\x7f'], (byte) => ({
    title: `the byte ${hex(byte)} in a value`,
    bytes: get('/', `X: a${byte}b`),
    outcome: refused(400),
  })),
  {
    id: 'N4z',
    title: 'a tab in a value',
    bytes: get('/x', 'X-A: a\tb'),
    outcome: plain('/x', { 'x-a': 'a\tb' }),
    source: 'RFC 9110 5.5',
  },
  {
    id: 'N4y',
    title: 'spaces and tabs around a value, and an empty one',
    bytes: get('/x', 'X-A: \t a b \t', 'X-B:', 'X-C:  '),
    outcome: plain('/x', { 'x-a': 'a b', 'x-b': '', 'x-c': '' }),
    source: 'RFC 9112 5.1',
  },
  {
    id: 'N5a',
    title: 'a high byte in a name',
    bytes: get('/', 'X\xe9: a'),
    outcome: refused(400),
    source: 'RFC 9110 5.1',
  },
  {
    id: 'N5b',
    title: 'a high byte in a value',
    bytes: get('/x', 'X-A: caf\xe9'),
    outcome: plain('/x', { 'x-a': 'caf\xe9' }),
    source: 'RFC 9110 5.5',
  },
  {
    id: 'N5c',
    title: 'every character a name may have',
    bytes: get('/x', "X!#$%&'*+-^`|~09: 1"),
    outcome: plain('/x', { "x!#$%&'*+-^`|~09": '1' }),
    source: 'RFC 9110 5.6.2',
  },
  ...variants('N6', 'CGI-like servers read _ and . as -', ambiguous, (name) => ({
    title: `the name ${name}`,
    bytes: get('/x', `${name}: 1`),
    outcome: plain(),
  })),
  ...variants('N8', 'CVE-2026-21710', ['__proto__', 'constructor'], (name) => ({
    title: `the name ${name}`,
    bytes: get('/x', `${name}: 1`),
    outcome: plain(),
  })),
  ...variants('N9', 'CVE-2026-58044', [101, 1_001], (count) => ({
    title: `${count} fields`,
    bytes: get('/', ...numbered(count - 1)),
    outcome: refused(431),
  })),
  {
    id: 'N9z',
    title: '100 fields',
    bytes: get('/x', ...numbered(99)),
    outcome: plain(
      '/x',
      Object.fromEntries(numbered(99).map((line) => [line.slice(0, -3).toLowerCase(), '1'])),
    ),
    source: 'CVE-2026-58044',
  },
  {
    id: 'N10a',
    title: 'a head of 17 KiB',
    bytes: get('/x', `X: ${'x'.repeat(17_000)}`),
    outcome: plain('/x', { x: 'x'.repeat(17_000) }),
    source: 'limits.header_bytes',
  },
  {
    id: 'N10b',
    title: 'a head of 70 KiB',
    bytes: get('/', `X: ${'x'.repeat(70_000)}`),
    outcome: refused(431),
    source: 'limits.header_bytes',
  },
  {
    id: 'N11',
    title: 'two Authorizations',
    bytes: get('/', 'Authorization: a', 'authorization: b'),
    outcome: refused(400),
    source: 'RFC 9110 5.3',
  },
  {
    id: 'N12',
    title: 'two Cookies',
    bytes: get('/x', 'Cookie: a=1', 'cookie: b=2'),
    outcome: plain('/x', { cookie: 'a=1; b=2' }),
    source: 'RFC 9113 8.2.3',
  },
  {
    id: 'N13a',
    title: 'two Content-Types',
    bytes: post(['Content-Type: a/b', 'Content-Type: a/c', 'Content-Length: 0']),
    outcome: refused(400),
    source: 'RFC 9110 5.3',
  },
  ...variants('N13b', 'RFC 9110 5.3', ['plain', 'trusting'] as const, (setting) => ({
    title: `two X-Request-IDs from a peer that is ${setting === 'plain' ? 'not ' : ''}trusted`,
    bytes: get('/x', 'X-Request-ID: mine', 'x-request-id: mine'),
    outcome: plain(),
    setting,
  })),
  {
    id: 'N14',
    title: 'a length repeated in another case',
    bytes: post(['Content-Length: 2', 'content-length: 2'], 'hi'),
    outcome: refused(400),
    source: 'CVE-2026-1525',
  },
]

function hex(byte: string): string {
  return `0x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}
