import assert from 'node:assert/strict'
import { test } from 'node:test'

import { front, mounted } from '../../support/front.ts'
import { field } from '../../support/message.ts'
import { plainAnswer, recorder } from '../../support/raw.ts'
import { recorded, through } from '../../support/through.ts'
import type { ThroughOptions } from '../../support/through.ts'
import { agreement, handshake } from '../../support/websocket.ts'

const upgradeOnly = handshake('/', [], { 'Sec-WebSocket-Version': null, 'Sec-WebSocket-Key': null })

const refused: readonly (readonly [string, string, number, ThroughOptions])[] = [
  ['U3 for one of two protocols', handshake('/', [], { Upgrade: 'websocket, h2c' }), 400, {}],
  ['U3 with two Upgrade lines', handshake('/', ['Upgrade: websocket']), 400, {}],
  ['U7 by POST', handshake().replace('GET', 'POST'), 400, {}],
  ['U7 by POST with a body', `${handshake('/', ['Content-Length: 2']).replace('GET', 'POST')}hi`, 400, {}],
  ['U7 with a body', `${handshake('/', ['Content-Length: 2'])}hi`, 400, {}],
  ['U7 with chunks', `${handshake('/', ['Transfer-Encoding: chunked'])}0\r\n\r\n`, 400, {}],
  ['U8 without a key', handshake('/', [], { 'Sec-WebSocket-Key': null }), 400, {}],
  ['U8 with a short key', handshake('/', [], { 'Sec-WebSocket-Key': 'AAAA' }), 400, {}],
  ['U8 with two keys', handshake('/', ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']), 400, {}],
  ['U8 in version 8', handshake('/', [], { 'Sec-WebSocket-Version': '8' }), 426, {}],
  ['U8 without anything', upgradeOnly, 426, {}],
  ['U16 from a foreign page', handshake('/', ['Origin: http://evil']), 403, {}],
  ['U16 from a page on another port', handshake('/', ['Origin: http://a:9']), 403, {}],
  ['U16 from a sandbox', handshake('/', ['Origin: null']), 403, {}],
  ['U16 with two origins', handshake('/', ['Origin: http://a:8000', 'Origin: http://evil']), 400, {}],
  ['U17 at an ambiguous path', handshake('/x%2f../y'), 400, {}],
  ['U17 in the absolute form of another host', handshake('http://evil/'), 400, {}],
  ['U17 to a foreign host', handshake(), 421, { config: { allowedHosts: ['b'] } }],
  ['without Host', handshake('/', [], { Host: null }), 400, {}],
  ['of the gateway itself', handshake('/__fluxlit/livez'), 404, {}],
]

for (const [name, bytes, status, options] of refused) {
  test(`a handshake ${name} is ${status}, and the worker hears nothing of it`, async (t) => {
    const { front: opened, worker, client } = await recorded(t, options)
    const answer = await client.send(bytes).answer()
    assert.equal(answer.status, status)
    assert.equal(field(answer, 'Sec-WebSocket-Version'), status === 426 ? '13' : undefined)
    assert.equal(field(answer, 'Connection'), status === 404 || status < 500 ? 'close' : undefined)
    client.end()
    const [record] = await opened.settled(1)
    assert.deepEqual([record?.status, record?.id], [status, field(answer, 'X-Request-ID')])
    assert.deepEqual(worker.server.wires, [])
  })
}

test('a refused client that never closes its side is not kept, and one that sends on gets its answer', async (t) => {
  const { client } = await recorded(t)
  client.send(`${handshake('/', ['Origin: http://evil'])}early`)
  const answer = await client.answer()
  client.send('late')
  assert.equal(answer.status, 403)
  assert.equal(await client.ended, 'end')
})

const plain: readonly (readonly [string, string])[] = [
  [
    'U2 to h2c',
    'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n',
  ],
  ['U5 that Connection does not name', 'GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n'],
  ['U6 in HTTP/1.0', handshake('/x').replace('HTTP/1.1', 'HTTP/1.0')],
]

for (const [name, bytes] of plain) {
  test(`an upgrade ${name} is a plain request`, async (t) => {
    const { worker, client } = await recorded(t)
    assert.equal((await client.send(bytes).answer()).status, 200)
    const [request] = worker.requests
    assert.equal(request?.start, 'GET /x HTTP/1.1')
    const seen = ['Upgrade', 'HTTP2-Settings'].map((field_) => field(request ?? { fields: [] }, field_))
    assert.deepEqual(seen, [undefined, undefined])
  })
}

const accepted: readonly (readonly [string, readonly string[], ThroughOptions])[] = [
  ['its own page', ['Origin: http://a:8000'], {}],
  ['nobody in particular', [], {}],
  [
    'the public address',
    ['Origin: https://public.example'],
    { config: { publicBaseUrl: 'https://public.example/x' } },
  ],
  ['an allowed page', ['Origin: https://friend'], { config: { allowedOrigins: ['https://friend'] } }],
]

for (const [name, lines, options] of accepted) {
  test(`a handshake from ${name} reaches the worker`, async (t) => {
    const { server, client } = await through(t, options)
    client.send(handshake('/s', lines))
    const worker = await server.accept()
    assert.equal((await worker.request()).start, 'GET /s HTTP/1.1')
    worker.send(agreement())
    assert.equal((await client.answer()).status, 101)
  })
}

test('a page gets no socket on the internal listener, and no hidden address by way of a handshake', async (t) => {
  const inside = await through(t, { internal: true })
  inside.client.send(handshake('/', ['Origin: http://127.0.0.1:1'], { Host: '127.0.0.1:1' }))
  assert.equal((await inside.client.answer()).status, 403)
  const outside = await through(t, { kind: 'streamlit' })
  outside.client.send(handshake('/_stcore/metrics'))
  assert.equal((await outside.client.answer()).status, 404)
})

test('a handshake behind a request waits until the answer to that has left', async (t) => {
  const { server, client } = await through(t)
  client.send(`GET /slow HTTP/1.1\r\nHost: a:8000\r\n\r\n${handshake('/s')}`)
  const first = await server.accept()
  await first.request()
  assert.equal(server.wires.length, 1, 'the worker has heard of the handshake')
  first.send(plainAnswer)
  assert.equal((await client.answer()).status, 200)
  const second = await server.accept()
  assert.match((await second.request()).start, /^GET \/s /)
  second.send(agreement())
  assert.equal((await client.answer()).status, 101)
})

test('a handshake in any case of its words is one', async (t) => {
  const { server, client } = await through(t)
  client.send(handshake('/', [], { Upgrade: 'WebSocket', Connection: 'UPGRADE' }))
  const worker = await server.accept()
  await worker.request()
  worker.send(agreement([], { Upgrade: 'WEBSOCKET', Connection: 'upgrade' }))
  assert.equal((await client.answer()).status, 101)
})

test('a handshake one byte at a time is one', async (t) => {
  const { server, client } = await through(t)
  for (const byte of handshake()) client.send(byte)
  const worker = await server.accept()
  await worker.request()
  worker.send(agreement())
  assert.equal((await client.answer()).status, 101)
})

test('Streamlit is told that the origin is its own', async (t) => {
  const { server, client } = await through(t, {
    kind: 'streamlit',
    config: { allowedOrigins: ['https://friend'] },
  })
  client.send(handshake('/', ['Origin: https://friend']))
  const request = await (await server.accept()).request()
  assert.deepEqual([field(request, 'Origin'), field(request, 'Host')], ['http://a:8000', 'a:8000'])
})

test('a handshake waits for a worker that starts, also the first time', async (t) => {
  const worker = await recorder(t, () => agreement())
  const opened = await front(t, { workers: [{ config: mounted('streamlit', 'ui', '/'), address: null }] })
  const client = await opened.connect()
  client.send(handshake('/', ['Sec-Fetch-Mode: websocket']))
  const probe = await opened.connect()
  while (opened.backends[0]?.held === 0) {
    await probe.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n').answer()
  }
  opened.worker('ui').ready(worker.address)
  assert.equal((await client.answer()).status, 101)
})

test('where no worker takes sockets there is none', async (t) => {
  const opened = await front(t, { workers: [{ config: mounted('uvicorn', 'api', '/api'), address: null }] })
  const client = await opened.connect()
  assert.equal((await client.send(handshake('/x')).answer()).status, 404)
})
