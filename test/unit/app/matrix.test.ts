import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allFields, field } from '../../support/message.ts'
import type { RawMessage } from '../../support/message.ts'
import type { Wire } from '../../support/raw.ts'
import { recorded } from '../../support/through.ts'

/** What must come of a request: a refusal that ends the connection, or a request at the worker. */
type Outcome =
  | { readonly refused: readonly number[] }
  | {
      /** Request line at the worker. */
      readonly forwarded: string
      readonly body?: string
      /** Fields at the worker, undefined for none. */
      readonly fields?: Readonly<Record<string, string | undefined>>
    }

const refused = (...statuses: readonly number[]): Outcome => ({ refused: statuses })
const plain = (path = '/x', fields: Readonly<Record<string, string | undefined>> = {}): Outcome => ({
  forwarded: `GET ${path} HTTP/1.1`,
  fields,
})
const get = (target: string, ...lines: readonly string[]): string =>
  `GET ${target} HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`
const post = (lines: readonly string[], body: string, version = '1.1'): string =>
  `POST /x HTTP/${version}\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n${body}`
const chunked = (body: string): string => post(['Transfer-Encoding: chunked'], body)
const posted = (body: string): Outcome => ({ forwarded: 'POST /x HTTP/1.1', body })
const hosted = (host: string): string => `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`

const cases: readonly (readonly [id: string, bytes: string, outcome: Outcome])[] = [
  ['L1 a bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', refused(400)],
  ['L2 a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', refused(400)],
  ['L2 a bare LF as the last line', 'GET / HTTP/1.1\r\nHost: a\r\n\n', refused(400)],
  ['L3 a bare CR in the request line', 'GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['L3 a bare CR in a value', get('/', 'X: a\rb'), refused(400)],
  ['L3 a bare CR in a name', get('/', 'X\rY: a'), refused(400)],
  ['L4 a head that ends in CR X', 'GET / HTTP/1.1\r\nHost: a\r\n\rX', refused(400)],
  ['L5 an empty line in front', `\r\n${get('/x')}`, plain()],
  ['L7 a space in front', ` ${get('/x')}`, refused(400)],
  ['L7 a tab in front', `\t${get('/x')}`, refused(400)],
  ['L8 two spaces before the target', 'GET  /x HTTP/1.1\r\nHost: a\r\n\r\n', plain()],
  ['L9 a space behind the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', refused(400)],
  ['L9 a tab behind the version', 'GET / HTTP/1.1\t\r\nHost: a\r\n\r\n', refused(400)],
  ['L10 a tab in the target', get('/a\tb'), refused(400)],
  ['L10 NUL in the target', get('/a\x00b'), refused(400)],
  ['L10 a high byte in the target', get('/a\x80b'), refused(400)],
  ['L10 DEL in the target', get('/a\x7fb'), refused(400)],
  ['L10 a control byte in the query', get('/a?\x01'), refused(400)],
  ['L11 a method in small letters', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', refused(400, 501)],
  ['L11 an unknown method', 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n', refused(400, 501)],
  ['L12 the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', refused(400, 505)],
  ['L13 HTTP/0.9', 'GET /\r\n\r\n', refused(400, 505)],
  ['L14 HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', refused(505)],
  ['L15 HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', refused(400, 505)],
  ['L15 HTTP/9.9', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', refused(400, 505)],
  ['L15 http/1.1', 'GET / http/1.1\r\nHost: a\r\n\r\n', refused(400, 505)],
  ['L15 HTTP/1.10', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', refused(400, 505)],
  ['L17 a target of 8 KiB', get(`/${'x'.repeat(8_191)}`), plain(`/${'x'.repeat(8_191)}`)],
  ['L17 a target of 17 KiB', get(`/${'x'.repeat(17_000)}`), refused(414)],
  ['L18 a TLS hello', '\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03\r\n\r\n', refused(400)],
  ['L18 garbage', '\x00\xff\x00\xff\r\n\r\n', refused(400)],

  ['H1 no Host', 'GET / HTTP/1.1\r\n\r\n', refused(400)],
  ['H2 two equal Hosts', get('/', 'Host: a'), refused(400)],
  ['H3 two different Hosts', get('/', 'host: b'), refused(400)],
  ['H4 an empty Host', hosted(''), refused(400)],
  ...['a/b', 'a\\b', 'user@a', 'a b', 'a,b', 'a#', 'a?', '[::1'].map(
    (host): readonly [string, string, Outcome] => [`H5 Host ${host}`, hosted(host), refused(400)],
  ),
  ...['a:99999', 'a:-1', 'a:x'].map((host): readonly [string, string, Outcome] => [
    `H6 Host ${host}`,
    hosted(host),
    refused(400),
  ]),
  ['H6 an empty port', hosted('a:'), plain('/x', { Host: 'a' })],
  ['H7 an IPv6 Host', hosted('[::1]:8080'), plain('/x', { Host: '[::1]:8080' })],
  ['H8 a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', refused(400)],
  ['H9 Host in capitals with a final dot', hosted('A.Example.'), plain('/x', { Host: 'A.Example.' })],
  ['H10 the absolute form', get('http://a/x?y'), plain('/x?y', { Host: 'a' })],
  ['H11 the absolute form of another host', get('http://evil/x'), refused(400)],
  ['H12 the absolute form in another scheme', get('https://a/x'), refused(400)],
  ['H12 the absolute form of a scheme that is none', get('ftp://a/x'), refused(400)],
  ['H12 the absolute form in capitals', get('HTTP://A/x'), plain('/x')],
  ['H13 two slashes in front', get('//evil/x'), plain('//evil/x')],
  ['H14 GET *', get('*'), refused(400)],
  ['H15 a target without a slash', get('x'), refused(400)],
  ['H15 a target like a user', get('@evil'), refused(400)],
  ['H15 a target like a port', get(':80'), refused(400)],
  ['H15 a target that is a query', get('?x'), refused(400)],
  ['H16 a fragment', get('/a#frag'), refused(400)],
  ['H17 CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', refused(501, 405)],
  [
    'H17 CONNECT with bytes behind it',
    `CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n${get('/x')}`,
    refused(501, 405),
  ],
  ['H21 Host with a port', hosted('a:8501'), plain('/x', { Host: 'a:8501', 'X-Forwarded-Host': 'a:8501' })],

  ['N1 a folded line', get('/', 'X: a\r\n b'), refused(400)],
  ['N2 a space before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', refused(400)],
  ['N3 a space before a colon', get('/', 'X : a'), refused(400)],
  ['N3 a tab before a colon', get('/', 'X\t: a'), refused(400)],
  ['N3 no name', get('/', ': a'), refused(400)],
  ['N3 no colon', get('/', 'X'), refused(400)],
  ['N4 NUL in a value', get('/', 'X: a\x00b'), refused(400)],
  ['N4 a control byte in a value', get('/', 'X: a\x01b'), refused(400)],
  ['N4 DEL in a value', get('/', 'X: a\x7fb'), refused(400)],
  ['N5 a high byte in a name', get('/', 'X\xe9: a'), refused(400)],
  ['N5 a high byte in a value', get('/x', 'X-A: caf\xe9'), plain('/x', { 'X-A': 'caf\xe9' })],
  ...[
    'X_Forwarded_For',
    'X_Auth_User',
    'Transfer_Encoding',
    'Content_Length',
    'X.Forwarded.For',
    '__proto__',
  ].map((name): readonly [string, string, Outcome] => [
    `N6 ${name}`,
    get('/x', `${name}: 1`),
    plain('/x', { [name]: undefined }),
  ]),
  ['N8 constructor', get('/x', 'constructor: 1'), plain('/x', { constructor: undefined })],
  ['N9 101 fields', get('/', ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)), refused(431)],
  ['N9 1 001 fields', get('/', ...Array.from({ length: 1_000 }, (_, i) => `X-${i}: 1`)), refused(431)],
  ['N10 a head of 70 KiB', get('/', `X: ${'x'.repeat(70_000)}`), refused(431)],
  ['N11 two Authorizations', get('/', 'Authorization: a', 'authorization: b'), refused(400)],
  ['N12 two Cookies', get('/x', 'Cookie: a=1', 'cookie: b=2'), plain('/x', { Cookie: 'a=1; b=2' })],
  ['N13 two Content-Types', get('/', 'Content-Type: a/b', 'Content-Type: a/c'), refused(400)],

  [
    'T1 a length and chunks',
    post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    refused(400),
  ],
  [
    'T1 chunks and a length',
    post(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
    refused(400),
  ],
  [
    'T2 chunked twice',
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    refused(400),
  ],
  ['T3 chunked, chunked', post(['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n'), refused(400)],
  ['T4 gzip, chunked', post(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), refused(501)],
  ['T5 gzip', post(['Transfer-Encoding: gzip'], ''), refused(400, 501)],
  ['T6 chunked, gzip', post(['Transfer-Encoding: chunked, gzip'], ''), refused(400, 501)],
  ['T6 chunked, identity', post(['Transfer-Encoding: chunked, identity'], ''), refused(400, 501)],
  ['T7 identity', post(['Transfer-Encoding: identity'], ''), refused(400, 501)],
  [
    'T7 identity with a length',
    post(['Transfer-Encoding: identity', 'Content-Length: 2'], 'hi'),
    refused(400, 501),
  ],
  ...[',chunked', 'chunked,', 'xchunked', 'chunkedfoo', '"chunked"', 'chunked;a=b'].map(
    (coding): readonly [string, string, Outcome] => [
      `T8-9 ${coding}`,
      post([`Transfer-Encoding: ${coding}`], '0\r\n\r\n'),
      refused(400, 501),
    ],
  ),
  ...['\x0bchunked', '\x0cchunked', '\xa0chunked', 'chunked\x00'].map(
    (coding): readonly [string, string, Outcome] => [
      `T10 ${JSON.stringify(coding)}`,
      post([`Transfer-Encoding:${coding}`], '0\r\n\r\n'),
      refused(400, 501),
    ],
  ),
  ['T11 a space before the colon', post(['Transfer-Encoding : chunked'], '0\r\n\r\n'), refused(400)],
  ['T11 a tab before the colon', post(['Transfer-Encoding\t: chunked'], '0\r\n\r\n'), refused(400)],
  ['T11 a space before the name', post([' Transfer-Encoding: chunked'], '0\r\n\r\n'), refused(400)],
  ['T12 a folded coding', post(['Transfer-Encoding:\r\n chunked'], '0\r\n\r\n'), refused(400)],
  ['T13 Chunked', post(['Transfer-Encoding: Chunked'], '2\r\nhi\r\n0\r\n\r\n'), posted('hi')],
  ['T14 chunks in HTTP/1.0', post(['Transfer-Encoding: chunked'], '0\r\n\r\n', '1.0'), refused(400)],
  ['T15 two equal lengths', post(['Content-Length: 2', 'Content-Length: 2'], 'hi'), refused(400)],
  ['T15 two lengths', post(['Content-Length: 2', 'content-length: 3'], 'hi!'), refused(400)],
  ['T15 a list of lengths', post(['Content-Length: 2, 2'], 'hi'), refused(400)],
  ...['+3', '-1', '0x3', '0_3', '3 0', '', '18446744073709551616'].map(
    (length): readonly [string, string, Outcome] => [
      `T16 the length ${length}`,
      post([`Content-Length: ${length}`], 'abc'),
      refused(400, 413),
    ],
  ),
  ['T17 zeros before a length', post(['Content-Length: 003'], 'abc'), posted('abc')],
  ['T18 a length nobody can count', post(['Content-Length: 9999999999999999999'], 'abc'), refused(413)],
  [
    'T21 GET with a body',
    `GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`,
    {
      forwarded: 'GET /x HTTP/1.1',
      body: 'hi',
      fields: { 'Content-Length': '2', 'Transfer-Encoding': undefined },
    },
  ],
  ...['GET', 'DELETE', 'OPTIONS'].map((method): readonly [string, string, Outcome] => [
    `T22 ${method} with chunks that look like a request`,
    `${method} /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n15\r\nGET /evil HTTP/1.1\r\n\r\r\n0\r\n\r\n`,
    { forwarded: `${method} /x HTTP/1.1`, body: 'GET /evil HTTP/1.1\r\n\r' },
  ]),
  ['T24 zeros before a chunk size', chunked('00000000000000002\r\nhi\r\n0\r\n\r\n'), posted('hi')],
  ['T26 a chunk extension', chunked('2;a=b\r\nhi\r\n0\r\n\r\n'), posted('hi')],
  ['T29 a trailer', chunked('2\r\nhi\r\n0\r\nX-A: b\r\n\r\n'), posted('hi')],
  [
    'T30 trailers with meaning',
    chunked('2\r\nhi\r\n0\r\nHost: evil\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n'),
    posted('hi'),
  ],

  ['C2 another expectation', post(['Content-Length: 2', 'Expect: foo'], ''), refused(417)],
  ['C3 an expectation in disguise', post(['Content-Length: 2', 'Expect: y 100-continue'], ''), refused(417)],
  ['C3 two expectations', post(['Content-Length: 2', 'Expect: 100-continue, x'], ''), refused(417)],
  ['C6 a nominated field', get('/x', 'Connection: X-Foo', 'X-Foo: 1'), plain('/x', { 'X-Foo': undefined })],
  ...['Authorization', 'Cookie', 'Host', 'Content-Length'].map((name): readonly [string, string, Outcome] => [
    `C7 Connection names ${name}`,
    get('/', `Connection: close, ${name}`),
    refused(400),
  ]),
  [
    'C7 Connection names what is ours',
    get('/x', 'Connection: X-Forwarded-For, X-Request-ID', 'X-Forwarded-For: 1.1.1.1'),
    plain('/x', { 'X-Forwarded-For': '127.0.0.1' }),
  ],
  ...['Keep-Alive', 'Proxy-Connection', 'Proxy-Authorization', 'TE', 'Trailer', 'Upgrade'].map(
    (name): readonly [string, string, Outcome] => [
      `C9 ${name}`,
      get('/x', `${name}: a`),
      plain('/x', { [name]: undefined }),
    ],
  ),
  ...[
    'Forwarded',
    'X-Real-IP',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Envoy-A',
    'True-Client-IP',
    'CF-Connecting-IP',
  ].map((name): readonly [string, string, Outcome] => [
    `C11 ${name}`,
    get('/x', `${name}: a`),
    plain('/x', { [name]: undefined }),
  ]),
  [
    'C11 what proxies say',
    get('/x', 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil'),
    plain('/x', { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'a' }),
  ],
  [
    'C13 who is signed in',
    get('/x', 'x-FLUXLIT-email: a', 'X-Forwarded-User: a'),
    plain('/x', { 'X-Fluxlit-Email': undefined, 'X-Forwarded-User': undefined }),
  ],
  ['C16 Via', get('/x'), plain('/x', { Via: '1.1 fluxlit' })],

  ['P unreserved escapes', get('/%61pi/x'), plain('/%61pi/x')],
  ['P dot segments', get('/a/../b'), refused(400)],
  ['P escaped dot segments', get('/a/%2e%2E/b'), refused(400)],
  ['P a backslash', get('/a\\b'), refused(400)],
  ['P a NUL', get('/a%00'), refused(400)],
  ['P bad escapes', get('/a%zz'), refused(400)],
  ['P a cut escape', get('/a%2'), refused(400)],
  ['P overlong UTF-8', get('/%c0%ae%c0%ae/'), refused(400)],
  ['P an escaped escape', get('/%252e%252e/x'), plain('/%252e%252e/x')],
  ['P a semicolon', get('/a/..;/b'), plain('/a/..;/b')],
]

/** The ways a request may arrive. */
const deliveries: Readonly<Record<string, (wire: Wire, bytes: string) => void>> = {
  'in one write': (wire, bytes) => void wire.send(bytes),
  'split at every CR and LF': (wire, bytes) => {
    for (const piece of bytes.split(/(?<=[\r\n])|(?=[\r\n])/)) wire.send(piece)
  },
}

for (const [id, bytes, outcome] of cases) {
  test(id, async (t) => {
    for (const [how, deliver] of Object.entries(deliveries)) {
      const { worker, front, client } = await recorded(t)
      deliver(client, bytes)
      const answer = await client.answer()
      assert.equal(allFields(answer, 'X-Request-ID').length, 1)
      if ('refused' in outcome) {
        assert.ok(outcome.refused.includes(answer.status), `${answer.status} ${how}`)
        assert.equal(field(answer, 'Connection'), 'close')
        client.end()
        assert.equal(await client.rest(), '', how)
        assert.deepEqual(worker.requests, [])
      } else {
        expectForwarded(worker.requests, outcome, answer)
        assert.equal((await client.send(get('/probe')).answer()).status, 200, 'the same connection goes on')
        assert.equal(worker.requests.at(-1)?.start, 'GET /probe HTTP/1.1')
      }
      const other = await front.connect()
      assert.equal(
        (await other.send(get('/probe')).answer()).status,
        200,
        'another connection is not disturbed',
      )
    }
  })
}

function expectForwarded(
  requests: readonly RawMessage[],
  outcome: Extract<Outcome, { readonly forwarded: string }>,
  answer: RawMessage,
): void {
  assert.equal(answer.status, 200)
  const [request] = requests
  assert.ok(request !== undefined)
  assert.equal(requests.length, 1)
  assert.equal(request.start, outcome.forwarded)
  if (outcome.body !== undefined) assert.equal(request.body, outcome.body)
  for (const [name, text] of Object.entries(outcome.fields ?? {}))
    assert.equal(field(request, name), text, name)
}

const brokenBodies: readonly (readonly [string, string])[] = [
  ...['0x3', '+3', '-3', '3_0', ' 3', '3 ', '', '10000000000000003'].map(
    (size): readonly [string, string] => [
      `T23 the chunk size ${JSON.stringify(size)}`,
      chunked(`1\r\na\r\n${size}\r\nabc\r\n0\r\n\r\n`),
    ],
  ),
  ['T25 a chunk longer than its size', chunked('2\r\nabc\r\n0\r\n\r\n')],
  ['T25 no line end behind a chunk', chunked('2\r\nhi0\r\n\r\n')],
  ['T25 LF behind a chunk', chunked('2\r\nhi\n0\r\n\r\n')],
  ['T26 a chunk extension of 20 KiB', chunked(`2;a=${'x'.repeat(20_000)}\r\nhi\r\n0\r\n\r\n`)],
  ['T27 LF in a chunk extension', chunked('2;a\nhi\r\n0\r\n\r\n')],
  ['T27 CR in a chunk extension', chunked('2;a\rb\r\nhi\r\n0\r\n\r\n')],
  ['T27 NUL in a chunk extension', chunked('2;a\x00\r\nhi\r\n0\r\n\r\n')],
  ['T30 a length as trailer', chunked('2\r\nhi\r\n0\r\nContent-Length: 5\r\n\r\n')],
  ['T30 a coding as trailer', chunked('2\r\nhi\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n')],
  ['T31 trailers of 70 KiB', chunked(`2\r\nhi\r\n0\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`)],
]

for (const [id, bytes] of brokenBodies) {
  test(`${id}: the client's connection ends and no worker sees a complete request`, async (t) => {
    const { worker, front, client } = await recorded(t)
    client.send(bytes)
    const text = await client.rest()
    assert.match(text, /^$|^HTTP\/1\.1 (400|413|431) /)
    const other = await front.connect()
    assert.equal((await other.send(get('/probe')).answer()).status, 200)
    assert.deepEqual(
      worker.requests.map(({ start }) => start),
      ['GET /probe HTTP/1.1'],
    )
  })
}

test('C4 an expectation without a body is dropped', async (t) => {
  const { worker, client } = await recorded(t)
  assert.equal((await client.send(get('/x', 'Expect: 100-continue')).answer()).status, 200)
  assert.equal(field(worker.requests[0] ?? { fields: [] }, 'Expect'), undefined)
})

test('H14 OPTIONS * is answered by the gateway', async (t) => {
  const { worker, client } = await recorded(t)
  assert.equal((await client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n').answer()).status, 200)
  assert.deepEqual(worker.requests, [])
})

test('H18 TRACE is 405', async (t) => {
  const { worker, client } = await recorded(t)
  assert.equal((await client.send('TRACE / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\n\r\n').answer()).status, 405)
  assert.deepEqual(worker.requests, [])
})

test('L16 HTTP/1.0 without Host is forwarded as 1.1 with ours, and closed after', async (t) => {
  const { worker, front, client } = await recorded(t)
  const answer = await client.send('GET /x HTTP/1.0\r\n\r\n').answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [200, 'close'])
  assert.equal(await client.ended, 'end')
  assert.equal(worker.requests[0]?.start, 'GET /x HTTP/1.1')
  assert.match(field(worker.requests[0] ?? { fields: [] }, 'Host') ?? '', /^127\.0\.0\.1:\d+$/)
  assert.ok(front.port > 0)
})

test('L19 bytes behind a request with Connection: close are not a request', async (t) => {
  const { worker, client } = await recorded(t)
  client.send(`${get('/x', 'Connection: close')}${get('/evil')}`)
  assert.equal((await client.answer()).status, 200)
  assert.equal(await client.rest(), '')
  assert.deepEqual(
    worker.requests.map(({ start }) => start),
    ['GET /x HTTP/1.1'],
  )
})

/** Answers with the target. */
function echo({ start }: RawMessage): string {
  const target = start.split(' ')[1] ?? ''
  return `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`
}

test('L20 pipelined requests are answered in order', async (t) => {
  const { client } = await recorded(t, { reply: echo })
  const paths = Array.from({ length: 50 }, (_, i) => `/${i}`)
  client.send(paths.map((path) => get(path)).join(''))
  for (const path of paths) assert.equal((await client.answer()).body, path)
})

test('T20 a client that closes in the middle of its body never looks finished to the worker', async (t) => {
  const { worker, front, client } = await recorded(t)
  client.send(post(['Content-Length: 9'], 'half'))
  const wire = await worker.server.accept(0)
  client.reset()
  await wire.ended
  await front.settled(1)
  assert.deepEqual(worker.requests, [])
})

test('T28 chunks of one byte arrive whole', async (t) => {
  const { worker, client } = await recorded(t)
  const answer = client.send(chunked(`${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`)).answer()
  assert.equal((await answer).status, 200)
  assert.equal(worker.requests[0]?.body, 'x'.repeat(20_000))
})

test('T32 a request behind a body in the same segment is one of its own', async (t) => {
  const { worker, client } = await recorded(t)
  client.send(post(['Content-Length: 2'], 'hi') + get('/next'))
  for (let i = 0; i < 2; i++) assert.equal((await client.answer()).status, 200)
  assert.deepEqual(
    worker.requests.map(({ start }) => start),
    ['POST /x HTTP/1.1', 'GET /next HTTP/1.1'],
  )
})

test("C8 Connection: close in any case ends the client's connection and not the worker's", async (t) => {
  const { worker, front, client } = await recorded(t)
  assert.equal(field(await client.send(get('/x', 'Connection: X-A, CLOSE')).answer(), 'Connection'), 'close')
  assert.equal(await client.ended, 'end')
  await (await front.connect()).send(get('/y')).answer()
  assert.equal(worker.server.wires.length, 1)
})

test('C14 an id from a client that is not trusted is replaced', async (t) => {
  const { worker, client } = await recorded(t)
  const answer = await client.send(get('/x', 'X-Request-ID: mine')).answer()
  const id = field(answer, 'X-Request-ID')
  assert.notEqual(id, 'mine')
  assert.equal(field(worker.requests[0] ?? { fields: [] }, 'X-Request-ID'), id)
})

test('C14 an id from a trusted peer is kept when it is plain', async (t) => {
  const { client } = await recorded(t, { config: { trustedProxies: ['127.0.0.0/8'] } })
  const kept = await client.send(get('/x', 'X-Request-ID: mine.1')).answer()
  assert.equal(field(kept, 'X-Request-ID'), 'mine.1')
  for (const bad of ['a b', 'x'.repeat(65), 'a\xe9']) {
    const answer = await client.send(get('/x', `X-Request-ID: ${bad}`)).answer()
    assert.match(field(answer, 'X-Request-ID') ?? '', /^[a-z0-9-]{8,32}$/)
  }
})

test('C15 a trace that is not well formed is replaced', async (t) => {
  const { worker, client } = await recorded(t, { config: { trustedProxies: ['127.0.0.1'] } })
  await client.send(get('/x', 'traceparent: 00-x')).answer()
  assert.match(
    field(worker.requests[0] ?? { fields: [] }, 'traceparent') ?? '',
    /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/,
  )
})
