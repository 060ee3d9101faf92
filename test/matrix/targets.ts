/** H: forms of the target, and Host (RFC 9112 3.2, RFC 9110 7.1, 7.2). */

import { get, hosted, message, variants } from './bytes.ts'
import { answered, forwarded, plain, refused } from './case.ts'
import type { RequestCase } from './case.ts'

const notHosts = [
  'a/b',
  'a\\b',
  'user@a',
  'a b',
  'a,b',
  'a#',
  'a?',
  '[::1',
  '[::1]x',
  '[]',
  '::1',
  'a:80:80',
  'a%2fb',
  'a<b',
  'a"b',
  'a\x80',
]

/** What a request may be about, and how it may say so. */
export const targetCases: readonly RequestCase[] = [
  {
    id: 'H1',
    title: 'no Host',
    bytes: message('GET / HTTP/1.1', []),
    outcome: refused(400),
    source: 'RFC 9112 3.2',
  },
  {
    id: 'H2',
    title: 'two equal Hosts',
    bytes: get('/', 'Host: a'),
    outcome: refused(400),
    source: 'RFC 9112 3.2',
  },
  {
    id: 'H3',
    title: 'two different Hosts',
    bytes: get('/', 'host: b'),
    outcome: refused(400),
    source: 'RFC 9112 3.2',
  },
  {
    id: 'H4',
    title: 'an empty Host',
    bytes: hosted(''),
    outcome: refused(400),
    source: 'RFC 9110 7.2',
  },
  ...variants('H5', 'RFC 9110 7.2, RFC 3986 3.2.2', notHosts, (host) => ({
    title: `the Host ${JSON.stringify(host)}`,
    bytes: hosted(host),
    outcome: refused(400),
  })),
  ...variants('H6', 'RFC 3986 3.2.3', ['a:99999', 'a:65536', 'a:-1', 'a:x', 'a:+80'], (host) => ({
    title: `the Host ${host}`,
    bytes: hosted(host),
    outcome: refused(400),
  })),
  {
    id: 'H6z',
    title: 'a Host with an empty port',
    bytes: hosted('a:'),
    outcome: plain(),
    source: 'RFC 3986 3.2.3',
  },
  ...variants('H7', 'RFC 3986 3.2.2', ['[::1]:8080', '[::1]'], (host) => ({
    title: `the Host ${host}`,
    bytes: hosted(host),
    outcome: plain('/x', {}, { host }),
  })),
  {
    id: 'H8',
    title: 'a space between Host and its colon',
    bytes: message('GET / HTTP/1.1', ['Host : a']),
    outcome: refused(400),
    source: 'RFC 9112 5.1',
  },
  ...variants('H9', 'RFC 9110 7.2', ['A.Example.', 'b.EXAMPLE'], (host) => ({
    title: `the Host ${host}`,
    bytes: hosted(host),
    outcome: plain('/x', {}, { host }),
  })),
  ...variants(
    'H10',
    'RFC 9112 3.2.2',
    [
      ['http://a/x?y', '/x?y'],
      ['http://a', '/'],
      ['http://a?y', '/?y'],
    ],
    ([target = '', path = '']) => ({
      title: `the absolute form ${target}`,
      bytes: get(target),
      outcome: plain(path),
    }),
  ),
  ...variants(
    'H11',
    'RFC 9112 3.2.2; refused instead of overruled',
    ['http://evil/x', 'http://a@evil/x', 'http://evil@a/x', 'http://a:81/x', 'http:///x'],
    (target) => ({
      title: `the absolute form ${target} with Host: a`,
      bytes: get(target),
      outcome: refused(400),
    }),
  ),
  ...variants('H12', 'RFC 9112 3.2.2', ['https://a/x', 'ftp://a/x', 'file:///x'], (target) => ({
    title: `the absolute form ${target}`,
    bytes: get(target),
    outcome: refused(400),
  })),
  {
    id: 'H12z',
    title: 'the absolute form HTTP://A/x',
    bytes: get('HTTP://A/x'),
    outcome: plain(),
    source: 'RFC 9110 4.2.3',
  },
  {
    id: 'H13',
    title: 'two slashes in front, which are no authority',
    bytes: get('//evil/x'),
    outcome: plain('//evil/x'),
    source: 'RFC 9112 3.2.1',
  },
  {
    id: 'H14a',
    title: 'GET *',
    bytes: get('*'),
    outcome: refused(400),
    source: 'RFC 9112 3.2.4',
  },
  {
    id: 'H14b',
    title: 'OPTIONS *',
    bytes: message('OPTIONS * HTTP/1.1', ['Host: a']),
    outcome: answered(200),
    source: 'RFC 9110 9.3.7',
  },
  ...variants('H15', 'RFC 9112 3.2', ['x', '@evil', ':80', '?x', 'a:443', '\\x'], (target) => ({
    title: `the target ${target}`,
    bytes: get(target),
    outcome: refused(400),
  })),
  ...variants('H16', 'RFC 9112 3.2; httptools cuts it off', ['/a#frag', '/a?b#frag', '/#'], (target) => ({
    title: `a fragment in ${target}`,
    bytes: get(target),
    outcome: refused(400),
  })),
  ...variants('H17', 'RFC 9110 9.3.6, RFC 9931', ['', get('/x')], (behind) => ({
    title: `CONNECT${behind === '' ? '' : ' with a request behind it'}`,
    bytes: message('CONNECT a:443 HTTP/1.1', ['Host: a:443']) + behind,
    outcome: refused(405, 501),
  })),
  {
    id: 'H18',
    title: 'TRACE',
    bytes: message('TRACE / HTTP/1.1', ['Host: a', 'Cookie: a=1']),
    outcome: answered(405),
    source: 'RFC 9110 9.3.8',
  },
  {
    id: 'H19a',
    title: 'OPTIONS with Max-Forwards: 0',
    bytes: message('OPTIONS /x HTTP/1.1', ['Host: a', 'Max-Forwards: 0']),
    outcome: answered(200),
    source: 'RFC 9110 7.6.2',
  },
  {
    id: 'H19b',
    title: 'OPTIONS with Max-Forwards: 5',
    bytes: message('OPTIONS /x HTTP/1.1', ['Host: a', 'Max-Forwards: 5']),
    outcome: forwarded({ start: 'OPTIONS /x HTTP/1.1', fields: { 'max-forwards': '4' } }),
    source: 'RFC 9110 7.6.2',
  },
  {
    id: 'H20a',
    title: 'a Host that is not among the allowed ones',
    bytes: hosted('b'),
    outcome: answered(421),
    source: 'RFC 9110 15.5.20',
    setting: 'named hosts',
  },
  {
    id: 'H20b',
    title: 'an allowed Host in another case, with a port',
    bytes: hosted('A:81'),
    outcome: plain('/x', {}, { host: 'A:81' }),
    source: 'RFC 9110 7.2',
    setting: 'named hosts',
  },
  {
    id: 'H21',
    title: 'a Host with a port',
    bytes: hosted('a:8501'),
    outcome: plain('/x', {}, { host: 'a:8501' }),
    source: 'Streamlit compares Origin with Host',
  },
]
