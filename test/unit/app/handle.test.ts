import assert from 'node:assert/strict'
import { test } from 'node:test'

import { front, mounted } from '../../support/front.ts'
import { json } from '../../support/http.ts'
import { allFields, field } from '../../support/message.ts'
import type { RawMessage } from '../../support/message.ts'
import { plainAnswer, recorder } from '../../support/raw.ts'
import { recorded, through } from '../../support/through.ts'

const get = (path: string, ...lines: readonly string[]): string =>
  `GET ${path} HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`

const to = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`

/** The only request a worker got. */
function only(requests: readonly RawMessage[]): RawMessage {
  const [first] = requests
  assert.equal(requests.length, 1)
  assert.ok(first !== undefined)
  return first
}

test('the longest mount gets the request, with its prefix removed and told', async (t) => {
  const [ui, api] = [await recorder(t), await recorder(t)]
  const { connect } = await front(t, {
    workers: [
      { config: mounted('streamlit', 'ui', '/'), address: ui.address },
      { config: mounted('uvicorn', 'api', '/api'), address: api.address },
    ],
  })
  const client = await connect()
  await client.send(get('/api/%61/b?x=/y')).answer()
  await client.send(get('/apix')).answer()
  assert.equal(only(api.requests).start, 'GET /%61/b?x=/y HTTP/1.1')
  assert.equal(field(only(api.requests), 'X-Forwarded-Prefix'), '/api')
  assert.equal(only(ui.requests).start, 'GET /apix HTTP/1.1')
  assert.equal(field(only(ui.requests), 'X-Forwarded-Prefix'), undefined)
})

test('below a root path workers see the same path whether or not a proxy in front removed it', async (t) => {
  const [ui, api] = [await recorder(t), await recorder(t)]
  const { connect } = await front(t, {
    config: { rootPath: '/tools' },
    workers: [
      { config: mounted('streamlit', 'ui', '/'), address: ui.address },
      { config: mounted('uvicorn', 'api', '/api'), address: api.address },
    ],
  })
  const client = await connect()
  for (const prefix of ['', '/tools']) {
    await client.send(get(`${prefix}/api/x`)).answer()
    await client.send(get(`${prefix}/page`)).answer()
  }
  assert.deepEqual(
    api.requests.map(({ start }) => start),
    ['GET /x HTTP/1.1', 'GET /x HTTP/1.1'],
  )
  assert.deepEqual(
    ui.requests.map(({ start }) => start),
    ['GET /tools/page HTTP/1.1', 'GET /tools/page HTTP/1.1'],
  )
  assert.equal(field(api.requests[0] ?? { fields: [] }, 'X-Forwarded-Prefix'), '/tools/api')
})

test('a worker at a URL with a path gets it in front', async (t) => {
  const worker = await recorder(t)
  const config = mounted('http', 'old', '/old', { basePath: '/v1' })
  const { connect } = await front(t, { workers: [{ config, address: worker.address }] })
  await (await connect()).send(get('/old/x?y')).answer()
  assert.equal(only(worker.requests).start, 'GET /v1/x?y HTTP/1.1')
})

test("the gateway's own endpoints answer without a worker, for any host, silently", async (t) => {
  const { worker, connect, records, view } = await front(t, {
    config: { allowedHosts: ['public.example'] },
    workers: [{ config: mounted('http', 'ui', '/'), address: null }],
  })
  const client = await connect()
  assert.equal((await client.send(get('/__fluxlit/livez')).answer()).body, '{"status":"ok"}\n')
  const before = await client.send(get('/__fluxlit/readyz')).answer()
  assert.deepEqual([before.status, field(before, 'Retry-After')], [503, '2'])
  worker('ui').ready({ kind: 'unix', path: '/nonexistent' })
  const after = await client.send(get('/__fluxlit/healthz')).answer()
  assert.equal(json<{ status: string }>(after.body).status, 'ready')
  view.draining = true
  assert.equal((await client.send(get('/__fluxlit/readyz')).answer()).status, 503)
  const post = await client.send(get('/__fluxlit/livez').replace('GET', 'POST')).answer()
  assert.equal(post.status, 405)
  assert.equal((await client.send(get('/__fluxlit/other')).answer()).status, 404)
  assert.deepEqual(records, [])
})

test('hosts that are not allowed get 421, in any spelling of the allowed ones none', async (t) => {
  const { worker, client } = await recorded(t, { config: { allowedHosts: ['Public.example'] } })
  assert.equal((await client.send(to('evil')).answer()).status, 421)
  assert.equal((await client.send(to('public.example.evil')).answer()).status, 421)
  for (const host of ['public.example', 'PUBLIC.EXAMPLE.:8000']) {
    assert.equal((await client.send(to(host)).answer()).status, 200)
  }
  assert.deepEqual(
    worker.requests.map((request) => field(request, 'Host')),
    ['public.example', 'PUBLIC.EXAMPLE.:8000'],
  )
})

test('an address where nothing is says so, also to a foreign host only that it is foreign', async (t) => {
  const options = { workers: [{ config: mounted('uvicorn', 'api', '/api'), address: null }] }
  const open = await front(t, options)
  assert.equal((await (await open.connect()).send(get('/x')).answer()).status, 404)
  const closed = await front(t, { ...options, config: { allowedHosts: ['b'] } })
  assert.equal((await (await closed.connect()).send(get('/x')).answer()).status, 421)
})

test('a refusal fits who asks: a page, a line for Streamlit, problem+json', async (t) => {
  const { connect } = await front(t, { workers: [] })
  const client = await connect()
  const page = await client.send(get('/x', 'Sec-Fetch-Mode: navigate')).answer()
  assert.match(field(page, 'Content-Type') ?? '', /^text\/html/)
  const line = await client.send(get('/app/_stcore/upload_file/x')).answer()
  assert.match(field(line, 'Content-Type') ?? '', /^text\/plain/)
  const problem = await client.send(get('/x')).answer()
  assert.equal(json<{ request_id: string }>(problem.body).request_id, field(problem, 'X-Request-ID'))
})

test('a refusal that leaves nothing unread keeps the connection', async (t) => {
  const { connect } = await front(t, { workers: [] })
  const client = await connect()
  for (let i = 0; i < 3; i++) {
    assert.equal(field(await client.send(get('/x')).answer(), 'Connection'), 'keep-alive')
  }
  client.send('HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await client.answer('HEAD')).body, '')
  assert.equal(client.pending, '')
})

test("the API's docs are redirected to where they are, with their query", async (t) => {
  const { connect } = await front(t, {
    config: { docsRedirect: true, rootPath: '/tools' },
    workers: [
      { config: mounted('streamlit', 'ui', '/'), address: null },
      { config: mounted('uvicorn', 'api', '/api'), address: null },
    ],
  })
  const answer = await (await connect()).send(get('/docs?x')).answer()
  assert.deepEqual([answer.status, field(answer, 'Location')], [307, '/tools/api/docs?x'])
  assert.notEqual(field(answer, 'X-Request-ID'), undefined)
})

test('a declared body over the limit is refused before it is read', async (t) => {
  const worker = await recorder(t)
  const config = mounted('http', 'ui', '/', { maxBodyBytes: 10 })
  const { connect } = await front(t, { workers: [{ config, address: worker.address }] })
  const client = await connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n')
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [413, 'close'])
  client.end()
  await client.ended
  assert.deepEqual(worker.server.wires, [])
})

test('a body without a length is cut off at the limit, and the worker sees no end of it', async (t) => {
  const config = mounted('http', 'ui', '/', { maxBodyBytes: 10 })
  const worker = await recorder(t)
  const { connect, settled } = await front(t, { workers: [{ config, address: worker.address }] })
  const client = await connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsixsix\r\n')
  const wire = await worker.server.accept(0)
  client.send('6\r\nsixsix\r\n0\r\n\r\n')
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Connection')], [413, 'close'])
  await wire.ended
  assert.deepEqual(worker.requests, [])
  assert.equal((await settled(1))[0]?.reason, 'body_too_large')
})

test('a body of exactly the limit passes', async (t) => {
  const config = mounted('http', 'ui', '/', { maxBodyBytes: 10 })
  const worker = await recorder(t)
  const { connect, settled } = await front(t, { workers: [{ config, address: worker.address }] })
  const client = await connect()
  const chunked = 'Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n'
  for (const rest of ['Content-Length: 10\r\n\r\n0123456789', chunked]) {
    assert.equal((await client.send(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`).answer()).status, 200)
  }
  assert.deepEqual(
    worker.requests.map(({ body }) => body),
    ['0123456789', '0123456789'],
  )
  assert.deepEqual(
    (await settled(2)).map(({ bytesIn }) => bytesIn),
    [10, 10],
  )
})

test('a client that waits for permission gets it once a worker is there, and the worker is not asked', async (t) => {
  const { front: opened, server, client } = await through(t)
  opened.worker('ui').starting()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  const probe = await opened.connect()
  await probe.send(get('/__fluxlit/livez')).answer()
  assert.equal(client.pending, '')
  opened.worker('ui').ready(server.address)
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hi')
  const worker = await server.accept()
  const request = await worker.request()
  assert.deepEqual([request.body, field(request, 'Expect')], ['hi', undefined])
  worker.send(plainAnswer)
  assert.equal((await client.answer()).status, 200)
})

test('permission is not given to HTTP/1.0, nor for a body that does not come', async (t) => {
  const { front: opened, client } = await recorded(t)
  const other = await opened.connect()
  assert.equal((await other.send(get('/', 'Expect: 100-continue')).answer()).status, 200)
  client.send('POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi')
  assert.equal((await client.answer()).status, 200)
})

test('another expectation is 417', async (t) => {
  const { worker, client } = await recorded(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: tea\r\n\r\n')
  assert.equal((await client.answer()).status, 417)
  assert.deepEqual(worker.requests, [])
})

const safe = ['GET', 'HEAD', 'OPTIONS'] as const
for (const method of safe) {
  test(`${method} that broke before a byte of an answer goes once more to the next generation`, async (t) => {
    const { front: opened, server, client } = await through(t)
    client.send(get('/').replace('GET', method))
    const first = await server.accept()
    await first.request()
    const next = await recorder(t)
    first.reset()
    opened.worker('ui').starting()
    opened.worker('ui').ready(next.address)
    assert.equal((await client.answer(method)).status, 200)
    assert.equal(next.requests.length, 1)
    const [record] = await opened.settled(1)
    assert.deepEqual([record?.reason, opened.records.length], ['ok', 1])
  })
}

test('it goes once more and not twice', async (t) => {
  const { front: opened, server, client } = await through(t)
  client.send(get('/'))
  for (let i = 0; i < 2; i++) {
    const worker = await server.accept()
    await worker.request()
    worker.reset()
  }
  assert.equal((await client.answer()).status, 502)
  assert.equal(server.wires.length, 2)
  assert.equal((await opened.settled(1))[0]?.reason, 'upstream_failed')
})

for (const rest of ['\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nhi']) {
  test(`POST ${rest.length > 4 ? 'with' : 'without'} a body is never sent again`, async (t) => {
    const { server, client } = await through(t)
    client.send(`POST / HTTP/1.1\r\nHost: a${rest}`)
    const worker = await server.accept()
    await worker.request()
    worker.reset()
    assert.equal((await client.answer()).status, 502)
    assert.equal(server.wires.length, 1)
  })
}

test('POST that cannot have left goes to the worker that is there then', async (t) => {
  const { front: opened, server, client } = await through(t)
  await server.stop()
  client.send('POST / HTTP/1.1\r\nHost: a\r\n\r\n')
  const next = await recorder(t)
  // A probe through the same gateway comes back after the refused attempt was made.
  await (await opened.connect()).send(get('/__fluxlit/livez')).answer()
  opened.worker('ui').ready(next.address)
  assert.equal((await client.answer()).status, 200)
})

test("Streamlit's own files are missing when its page comes instead", async (t) => {
  const page = 'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi'
  const { client } = await recorded(t, { kind: 'streamlit', reply: () => page })
  assert.equal((await client.send(get('/static/js/gone.123.js')).answer()).status, 404)
  assert.equal((await client.send(get('/static/page')).answer()).status, 200)
})

test("Streamlit's unprotected endpoints are hidden outside and there inside", async (t) => {
  const paths = [
    '/_stcore/metrics',
    '/_stcore/script-health-check',
    '/_stcore/%6Detrics',
    '//_stcore//metrics/',
  ]
  const outside = await recorded(t, { kind: 'streamlit' })
  for (const path of paths) {
    assert.equal((await outside.client.send(get(path)).answer()).status, 404, path)
  }
  assert.deepEqual(outside.worker.requests, [])
  const inside = await recorded(t, { kind: 'streamlit', internal: true })
  const own = get('/_stcore/metrics').replace(/Host: .*\r/, 'Host: 127.0.0.1:1\r')
  assert.equal((await inside.client.send(own).answer()).status, 200)
})

test('the internal listener keeps the ids the workers name, and lets nobody speak for another client', async (t) => {
  const { worker, client } = await recorded(t, { internal: true, config: { allowedHosts: ['public'] } })
  const own = get('/', 'X-Request-ID: mine', 'X-Forwarded-For: 198.51.100.1').replace(
    /Host: .*\r/,
    'Host: localhost:1\r',
  )
  await client.send(own).answer()
  const request = only(worker.requests)
  assert.deepEqual([field(request, 'X-Request-ID'), field(request, 'X-Forwarded-For')], ['mine', '127.0.0.1'])
})

test('the internal listener answers neither browsers nor foreign names', async (t) => {
  const { worker, client } = await recorded(t, { internal: true })
  const named = get('/').replace(/Host: .*\r/, 'Host: evil.example\r')
  assert.equal((await client.send(named).answer()).status, 421)
  const page = get('/', 'Origin: http://evil.example').replace(/Host: .*\r/, 'Host: 127.0.0.1:1\r')
  assert.equal((await client.send(page).answer()).status, 403)
  assert.deepEqual(worker.requests, [])
})

const asked: readonly (readonly [string, string])[] = [
  ["a worker's answer", get('/')],
  ['a health answer', get('/__fluxlit/livez')],
  ['an unknown endpoint', get('/__fluxlit/x')],
  ['OPTIONS *', get('*').replace('GET', 'OPTIONS')],
  ['a bad target', get('/%zz')],
  ['a bad host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['TRACE', get('/').replace('GET', 'TRACE')],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  ['bytes that are not HTTP', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
  ['a bad field', 'GET / HTTP/1.1\r\nX : a\r\n\r\n'],
  ['fields without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['too many fields', get('/', ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`))],
  ['far too many fields', get('/', ...Array.from({ length: 3_000 }, () => 'X: 1'))],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
]

for (const [name, bytes] of asked) {
  test(`${name} carries a request id, which is the one on record`, async (t) => {
    const { front: opened, client } = await recorded(t)
    const answer = await client.send(bytes).answer()
    const ids = allFields(answer, 'X-Request-ID')
    assert.equal(ids.length, 1)
    assert.match(ids[0] ?? '', /^[a-z0-9-]{8,64}$/)
    if (name.includes('health') || name.includes('endpoint')) return
    client.end()
    assert.equal((await opened.settled(1))[0]?.id, ids[0])
  })
}
