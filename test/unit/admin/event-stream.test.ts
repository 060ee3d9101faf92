import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AdminServer } from '../../../internal/admin/admin-server.ts'
import { EventStream, type SnapshotSource } from '../../../internal/admin/event-stream.ts'
import type { Snapshot } from '../../../internal/admin/snapshot.ts'
import { listLogger, reportOf } from '../../fixtures/admin/target.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { ask, json, open, responseTo } from '../../support/http.ts'

function snapshotUntil(second: number): Snapshot {
  return {
    time: new Date(second * 1_000).toISOString(),
    seconds_until: second,
    versions: { fluxlit: '1', commit: 'c', node: '26' },
    gateway: {
      ...reportOf({}).gateway,
      memory_bytes: 1,
      heap_bytes: 1,
      cpu_seconds: 1,
      open_files: 1,
      max_files: 1,
      eventloop_lag_ms: 0,
      held_requests: 0,
      log_dropped: 0,
      certificate_expires_at: null,
    },
    workers: {},
    routes: {},
    rejected: {},
    failures: [],
    sockets: [],
    reload: { succeeded: true, at: '2026-01-01T00:00:00.000Z' },
    config: null,
  }
}

async function serve(t: Cleanup, source: SnapshotSource, events = new EventStream(source)): Promise<string> {
  const server = await AdminServer.open({
    at: { host: '127.0.0.1', port: 0 },
    endpoints: { '/events': events },
    rules: () => null,
    logger: listLogger([]),
  })
  t.after(() => server.close())
  return `${server.url}/events`
}

/** Listens, and gives `seconds_until` of one snapshot after the other. */
async function listen(
  url: string,
): Promise<{ readonly next: () => Promise<number>; readonly leave: () => void }> {
  const outgoing = open(url)
  outgoing.end()
  const incoming = await responseTo(outgoing)
  assert.equal(incoming.headers['content-type'], 'text/event-stream')
  const pieces: AsyncIterator<unknown> = incoming[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { value } = await pieces.next()
      const [, text = ''] = /^event: snapshot\ndata: (.*)\n\n$/.exec(String(value)) ?? []
      return json<Snapshot>(text).seconds_until
    },
    leave: () => outgoing.destroy(),
  }
}

test('whoever listens gets everything at once and then the rest of it again and again', async (t) => {
  const asked: (number | null)[] = []
  const url = await serve(t, (since) => {
    asked.push(since)
    return snapshotUntil(asked.length)
  })
  const listener = await listen(url)
  assert.deepEqual([await listener.next(), await listener.next(), await listener.next()], [1, 2, 3])
  assert.deepEqual(asked, [null, 1, 2])
  listener.leave()
})

test('two who have been told the same share one snapshot', async (t) => {
  const asked: (number | null)[] = []
  const url = await serve(t, (since) => {
    asked.push(since)
    return snapshotUntil(since === null ? 10 : since + 1)
  })
  const listeners = [await listen(url), await listen(url)]
  for (const listener of listeners) assert.equal(await listener.next(), 10)
  for (const listener of listeners) assert.equal(await listener.next(), 11)
  assert.deepEqual(asked.slice(0, 3), [null, null, 10])
  for (const listener of listeners) listener.leave()
})

test('more listeners than there is room for are told so, and those that leave make room', async (t) => {
  const url = await serve(t, () => snapshotUntil(1))
  const listeners = await Promise.all(Array.from({ length: 32 }, () => listen(url)))
  assert.equal((await ask(url)).status, 503)
  for (const listener of listeners) listener.leave()
  const late = await eventually('room', () => listen(url))
  late.leave()
})

test('a change is told without waiting for the next second, and many at once are told once', async (t) => {
  const asked: (number | null)[] = []
  const source: SnapshotSource = (since) => {
    asked.push(since)
    return snapshotUntil(asked.length)
  }
  const events = new EventStream(source)
  events.changed()
  const listener = await listen(await serve(t, source, events))
  assert.equal(await listener.next(), 1)
  for (let change = 0; change < 10; change += 1) events.changed()
  assert.deepEqual([await listener.next(), await listener.next()], [2, 3])
  assert.deepEqual(asked, [null, 1, 2])
  listener.leave()
})
