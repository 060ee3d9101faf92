import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import type { Backend } from '../../../internal/app/backend.ts'
import type { Address, RoutedWorker } from '../../../internal/config/config.ts'
import { front, mounted } from '../../support/front.ts'
import type { Front, FrontOptions } from '../../support/front.ts'
import { field } from '../../support/message.ts'
import { recorder } from '../../support/raw.ts'
import type { Wire } from '../../support/raw.ts'

const page = 'GET / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: navigate\r\n\r\n'
const call = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'
const last = { code: 'x', message: 'x' }

/** A front whose only worker is starting. */
function opened(t: Parameters<typeof front>[0], options: Partial<FrontOptions> = {}): Promise<Front> {
  return front(t, { ...options, workers: [{ config: mounted('http', 'ui', '/'), address: null }] })
}

/** A connection whose request is waiting for the worker. */
async function waiting(gateway: Front, request = call): Promise<Wire> {
  const held = gateway.backends[0]?.held ?? 0
  const client = await gateway.connect()
  client.send(request)
  const probe = await gateway.connect()
  while ((gateway.backends[0]?.held ?? 0) === held) {
    await probe.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n').answer()
  }
  return client
}

test('on the first start a page load gets the waiting page at once', async (t) => {
  const { connect, settled } = await opened(t)
  const answer = await (await connect()).send(page).answer()
  assert.deepEqual([answer.status, field(answer, 'Retry-After')], [503, '2'])
  assert.match(answer.body, /This page continues by itself/)
  assert.equal((await settled(1))[0]?.reason, 'worker_starting')
})

test('on the first start everything else waits and is then served', async (t) => {
  const worker = await recorder(t)
  const gateway = await opened(t)
  const client = await waiting(gateway)
  assert.equal(client.pending, '')
  gateway.worker('ui').ready(worker.address)
  assert.equal((await client.answer()).status, 200)
  const [record] = await gateway.settled(1)
  assert.ok((record?.heldMs ?? 0) > 0)
  assert.equal(gateway.backends[0]?.held, 0)
})

test('once it was ready page loads wait too', async (t) => {
  const worker = await recorder(t)
  const gateway = await opened(t)
  gateway.worker('ui').ready(worker.address)
  gateway.worker('ui').become({ kind: 'backing-off', generation: 1, attempt: 1, since: 0, delayMs: 1, last })
  const client = await waiting(gateway, page)
  gateway.worker('ui').starting()
  gateway.worker('ui').ready(worker.address)
  assert.equal((await client.answer()).status, 200)
})

test('after the longest wait a page load gets the waiting page and the rest 503', async (t) => {
  const gateway = await opened(t, { holdMs: 1 })
  gateway.worker('ui').ready(null)
  gateway.worker('ui').starting()
  const client = await gateway.connect()
  const shown = await client.send(page).answer()
  assert.match(shown.body, /This page continues by itself/)
  const refused = await client.send(call).answer()
  assert.deepEqual(
    [shown.status, refused.status, field(refused, 'Retry-After'), field(refused, 'Content-Type')],
    [503, 503, '2', 'application/problem+json'],
  )
})

test('when as many wait as may, the next one is refused', async (t) => {
  const gateway = await opened(t, { maxHeld: 1 })
  await waiting(gateway)
  const answer = await (await gateway.connect()).send(call).answer()
  assert.deepEqual([answer.status, field(answer, 'Retry-After')], [503, '2'])
})

test('a client that leaves makes room for the next one that waits', async (t) => {
  const gateway = await opened(t, { maxHeld: 1 })
  const first = await waiting(gateway)
  first.reset()
  await gateway.settled(1)
  await waiting(gateway)
})

test('a worker that fails answers those who wait', async (t) => {
  const gateway = await opened(t)
  const client = await waiting(gateway)
  gateway.worker('ui').become({ kind: 'failed', generation: 1, since: 0, reason: last, retrying: true })
  const answer = await client.answer()
  assert.deepEqual([answer.status, field(answer, 'Retry-After')], [503, '10'])
  assert.equal((await gateway.settled(1))[0]?.reason, 'worker_down')
})

test('a worker on its way out gets nothing more', async (t) => {
  const gateway = await opened(t)
  gateway.worker('ui').ready(null).become({ kind: 'draining', generation: 1, since: 0 })
  await (await gateway.connect()).send(call).answer()
  gateway.worker('ui').become({ kind: 'stopped', since: 0 })
  await (await gateway.connect()).send(call).answer()
  assert.deepEqual(
    (await gateway.settled(2)).map(({ reason }) => reason),
    ['draining', 'draining'],
  )
})

test('before its first start a worker only seems to have ended', async (t) => {
  const worker = await recorder(t)
  const gateway = await opened(t)
  gateway.worker('ui').become({ kind: 'stopped', since: 0 })
  const answer = await (await gateway.connect()).send(page).answer()
  assert.match(answer.body, /This page continues by itself/)
  const client = await waiting(gateway)
  gateway.worker('ui').starting()
  gateway.worker('ui').ready(worker.address)
  assert.equal((await client.answer()).status, 200)
})

test('an unhealthy worker is still asked', async (t) => {
  const { address } = await recorder(t)
  const gateway = await opened(t)
  gateway.worker('ui').ready(address)
  gateway.worker('ui').become({ kind: 'unhealthy', generation: 1, pid: 1, address, since: 0, reason: 'slow' })
  assert.equal((await (await gateway.connect()).send(call).answer()).status, 200)
})

test('a request in flight to the previous generation is finished by it', async (t) => {
  const [before, after] = [await recorder(t), await recorder(t)]
  const gateway = await opened(t)
  const slow = await gateway.connect()
  gateway.worker('ui').ready(before.address)
  slow.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh')
  await before.server.accept(0)
  gateway.worker('ui').ready(after.address)
  assert.equal((await (await gateway.connect()).send(call).answer()).status, 200)
  slow.send('i')
  assert.equal((await slow.answer()).status, 200)
  assert.deepEqual([before.requests.length, after.requests.length], [1, 1])
})

test('a worker run elsewhere that does not answer is asked no more, until its probe says that it is back', async (t) => {
  const { address } = await recorder(t)
  const gateway = await opened(t)
  const worker = gateway.worker('ui')
  worker.spawned = false
  worker.ready(address)
  worker.become({ kind: 'unhealthy', generation: 1, pid: null, address, since: 0, reason: 'refused' })
  const client = await gateway.connect()
  const refused = await client.send(call).answer()
  assert.deepEqual([refused.status, field(refused, 'Retry-After')], [503, '2'])
  assert.equal((await gateway.settled(1))[0]?.reason, 'worker_down')
  worker.ready(address)
  assert.equal((await client.send(call).answer()).status, 200)
})

test('a request refused by a worker run elsewhere fails as soon as the worker is known to be gone', async (t) => {
  const address = { kind: 'unix', path: '/nonexistent/w.sock' } as const
  const gateway = await opened(t, { holdMs: 3_600_000 })
  const worker = gateway.worker('ui')
  worker.spawned = false
  worker.ready(address)
  const client = await waiting(gateway)
  worker.become({ kind: 'unhealthy', generation: 1, pid: null, address, since: 0, reason: 'refused' })
  assert.equal((await client.answer()).status, 503)
  assert.equal((await gateway.settled(1))[0]?.reason, 'worker_down')
})

test('while it is paused everything waits, whatever its worker does', async (t) => {
  const [before, after] = [await recorder(t), await recorder(t)]
  const [old, next] = [await backendAt(t, '/', before.address), await backendAt(t, '/', after.address)]
  await old.backend.pause(0)
  const held = old.backend.admit(true, null)
  assert.ok(held instanceof Promise)
  old.front.worker('ui').become({ kind: 'draining', generation: 1, since: 0 })
  old.front.worker('ui').become({ kind: 'stopped', since: 0 })
  assert.equal(old.backend.held, 1)
  void old.backend.release(0, next.backend)
  assert.equal(await held, next.backend.admit(false, null))
})

test('requests that wait for a worker the next configuration replaces go on to its successor', async (t) => {
  const next = await recorder(t)
  const old = await front(t, { workers: [{ config: mounted('http', 'ui', '/'), address: null }] })
  const successor = await front(t, {
    workers: [{ config: mounted('http', 'ui', '/'), address: next.address }],
  })
  const [before, after] = [old.backends[0] ?? assert.fail(), successor.backends[0] ?? assert.fail()]
  const held = before.admit(false, null)
  assert.ok(held instanceof Promise)
  void before.release(0, after)
  assert.equal(await held, after.admit(false, null))
})

const elsewhere: readonly (readonly [string, Partial<FrontOptions>, RoutedWorker])[] = [
  ['at another mount', {}, mounted('http', 'ui', '/elsewhere')],
  ['that keeps its prefix', {}, mounted('http', 'ui', '/', { stripPrefix: false })],
  ['below another root path', { config: { rootPath: '/tools' } }, mounted('http', 'ui', '/')],
  ['for other hosts', {}, mounted('http', 'ui', '/', { hosts: ['b'] })],
  ['of another kind', {}, mounted('streamlit', 'ui', '/', { stripPrefix: true })],
]

for (const [what, options, config] of elsewhere) {
  test(`requests that wait are told to look for their way again when the successor is one ${what}`, async (t) => {
    const { address } = await recorder(t)
    const old = (await opened(t)).backends[0] ?? assert.fail()
    const next = (await front(t, { ...options, workers: [{ config, address }] })).backends[0] ?? assert.fail()
    const held = old.admit(false, null)
    void old.release(0, next)
    assert.equal(await held, 'moved')
    assert.equal(old.admit(false, null), 'moved')
    assert.equal(await old.readmit(new Set(), new EventEmitter()), 'moved')
  })
}

test('requests that wait for a worker the next configuration does not have look for their way again', async (t) => {
  const old = (await opened(t)).backends[0] ?? assert.fail()
  const held = old.admit(false, null)
  void old.release(0, null)
  assert.equal(await held, 'moved')
})

async function backendAt(
  t: Parameters<typeof front>[0],
  mount: string,
  address: Address | null,
): Promise<{ readonly front: Front; readonly backend: Backend }> {
  const made = await front(t, { workers: [{ config: mounted('http', 'ui', mount), address }] })
  return { front: made, backend: made.backends[0] ?? assert.fail() }
}
