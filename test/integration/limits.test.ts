import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { field } from '../support/message.ts'
import type { RawMessage } from '../support/message.ts'
import { plainAnswer, rawClient, rawServer } from '../support/raw.ts'
import type { RawServer, Wire } from '../support/raw.ts'
import { socketWorker } from '../support/socket-worker.ts'
import { descriptors } from '../support/usage.ts'
import { handshake } from '../support/websocket.ts'

const livez = 'GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (lines: string): string => `POST /api/whole HTTP/1.1\r\nHost: a\r\n${lines}`
const declared = (size: number): string => `Content-Length: ${size}\r\n\r\n`
// Clients here keep their side open; nobody is to wait for them at the end.
const drain = '[drain]\ntimeout = "100ms"\n'
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

function portOf(running: Gateway): number {
  return Number(new URL(running.url).port)
}

/** What the worker says a problem is, and when to come back. */
function refusal(answer: RawMessage): readonly unknown[] {
  return [answer.status, json<{ code: string }>(answer.body).code, field(answer, 'Retry-After')]
}

/** The lines the app wrote. */
async function journal({ directory }: Gateway): Promise<readonly string[]> {
  return (await readFile(join(directory, 'journal'), 'utf8')).trim().split('\n')
}

test('of a body over the limit, declared or in chunks, the endpoint sees nothing', async (t) => {
  const toml = '[workers.api]\napp = "journal:app"\nmax_body = "1KiB"\n' + drain
  const running = await (await gateway(t, { toml, files: { 'journal.py': app('journal.py') } })).ready()
  const chunks = 'Transfer-Encoding: chunked\r\n\r\n400\r\n' + 'x'.repeat(1024)
  for (const [request, more] of [
    [post(`Expect: 100-continue\r\n${declared(1025)}`), ''],
    [post(declared(1025) + 'x'.repeat(1025)), ''],
    [post(chunks), '\r\n1\r\nx\r\n0\r\n\r\n'],
  ] as const) {
    const client = await rawClient(t, portOf(running))
    const answer = await client.send(request).send(more).answer()
    assert.deepEqual(refusal(answer), [413, 'body_too_large', undefined])
    assert.equal(field(answer, 'Connection'), 'close')
    assert.equal(await client.ended, 'end')
  }
  const client = await rawClient(t, portOf(running))
  assert.equal((await client.send(post(declared(1024) + 'x'.repeat(1024))).answer()).status, 200)
  assert.deepEqual(await journal(running), ['whole 1024'])
})

test('an endpoint that reads a body as it comes is left when it grows over the limit', async (t) => {
  const toml = '[workers.api]\napp = "journal:app"\nmax_body = "1KiB"\n' + drain
  const running = await (await gateway(t, { toml, files: { 'journal.py': app('journal.py') } })).ready()
  const client = await rawClient(t, portOf(running))
  client.send('POST /api/stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
  await eventually('the endpoint runs', async () => (await journal(running)).length === 1)
  client.send(`400\r\n${'x'.repeat(1024)}\r\n0\r\n\r\n`)
  assert.equal((await client.answer()).status, 413)
  await eventually('the endpoint was left', async () => (await journal(running)).length === 2)
  assert.deepEqual(await journal(running), ['stream began', 'stream was left'])
})

test('a connection over limits.connections is told so at once, and there is room again when one ends', async (t) => {
  const worker = await socketWorker(t)
  const toml = `[workers.ui]\nurl = "${worker.url}"\nmount = "/"\n[limits]\nconnections = 2\n${drain}`
  const running = await (await gateway(t, { toml })).ready()
  const connected = async (): Promise<Wire> => {
    const client = await rawClient(t, portOf(running))
    assert.equal((await client.send(livez).answer()).status, 200)
    return client
  }
  const [first] = [await connected(), await connected()]
  const before = descriptors(running.pid)
  const third = await rawClient(t, portOf(running))
  const answer = await third.answer()
  assert.deepEqual(refusal(answer), [503, 'too_many_connections', '2'])
  assert.equal(field(answer, 'Connection'), 'close')
  assert.equal(await third.ended, 'end')
  const record = await running.record('the refusal', ({ reason }) => reason === 'too_many_connections')
  assert.equal(record['request_id'], field(answer, 'X-Request-ID'))
  // It keeps its side open, which is nobody's business any more after a while.
  await eventually('it is let go', () => descriptors(running.pid) === before)
  first.end()
  await first.closed
  await eventually('there is room', connected)
})

test('a handshake over limits.websockets is 503, also while the others are still being agreed to', async (t) => {
  const worker = await socketWorker(t, { holds: true })
  const toml = `[workers.ui]\nurl = "${worker.url}"\nmount = "/"\n[limits]\nwebsockets = 5\n${drain}`
  const running = await (await gateway(t, { toml })).ready()
  const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(t, portOf(running))))
  const first = clients.slice(0, 5)
  for (const client of first) client.send(handshake())
  await worker.asked(5)
  for (const client of clients.slice(5)) {
    const answer = await client.send(handshake()).answer()
    assert.deepEqual([answer.status, field(answer, 'Retry-After')], [503, '2'])
    assert.match(field(answer, 'Content-Type') ?? '', /^text\/plain/)
    assert.match(answer.body, /As many WebSockets are open as may be/)
  }
  worker.release()
  for (const client of first) assert.equal((await client.answer()).status, 101)
  assert.equal((await ask(`${running.url}/`)).status, 200)
  first[0]?.end()
  await eventually('there is room', async () => {
    const client = await rawClient(t, portOf(running))
    return (await client.send(handshake()).answer()).status === 101
  })
  assert.equal(worker.open.size, 5)
})

/** Asks for something and waits until the worker has the request. */
async function underWay(client: Wire, server: RawServer, path: string): Promise<Wire> {
  client.send(get(`/slow${path}`))
  for (;;) {
    const wire = await server.accept()
    const request = await wire.request()
    if (request.start.includes(path)) return wire
    wire.send(plainAnswer)
  }
}

test('a worker with max_in_flight requests gets no other, which nobody else notices', async (t) => {
  const [slow, other] = [await rawServer(t), await socketWorker(t)]
  if (slow.address.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const toml = `[workers.slow]
url = "http://127.0.0.1:${slow.address.port}"
mount = "/slow"
max_in_flight = 2
required = false
probe_interval = "1h"
[workers.other]
url = "${other.url}"
mount = "/"
${drain}`
  const running = await gateway(t, { toml })
  const probe = await slow.accept()
  await probe.request()
  probe.send(plainAnswer)
  await running.ready()
  const connect = (): Promise<Wire> => rawClient(t, portOf(running))
  const [one, two, three] = [await connect(), await connect(), await connect()]
  const answering = await underWay(one, slow, '/a')
  await underWay(two, slow, '/b')
  const refused = await three.send(get('/slow/c')).answer()
  assert.deepEqual(refusal(refused), [503, 'worker_busy', '2'])
  assert.equal(field(refused, 'Content-Type'), 'application/problem+json')
  assert.equal(field(refused, 'Connection'), 'keep-alive')
  assert.equal((await three.send(get('/other')).answer()).status, 200)
  for (const name of ['livez', 'readyz'])
    assert.equal((await three.send(get(`/__fluxlit/${name}`)).answer()).status, 200)
  answering.send(plainAnswer)
  assert.equal((await one.answer()).status, 200)
  three.send(get('/slow/d'))
  assert.match((await answering.request()).start, /^GET \/d /)
  answering.send(plainAnswer)
  assert.equal((await three.answer()).status, 200)
})
