import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'

import { AuthCounts } from '../../internal/metrics/auth-counts.ts'
import { Exposition } from '../../internal/metrics/exposition.ts'
import { LagMeter } from '../../internal/metrics/lag.ts'
import { LiveMetrics } from '../../internal/metrics/live-metrics.ts'
import { readExposition } from '../support/exposition.ts'
import { front, mounted } from '../support/front.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']

/** A request that has path, host, query and headers in common with no other; every third finds a worker. */
function hostile(number: number): string {
  const path = `${number % 3 === 0 ? '/ui' : ''}/p${number}/%F0%9F%92%A9?q=${number}`
  const fields = `Host: h${number}.example\r\nX-H${number}: ${number}\r\nUser-Agent: u${number}`
  return `${methods[number % methods.length]} ${path} HTTP/1.1\r\n${fields}\r\n\r\n`
}

/** Sends them one behind the other; resolves when the last one was answered. */
async function send(port: number, from: number, to: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.resume()
  const ended = once(socket, 'end')
  for (let at = from; at < to; at += 500) {
    const text = Array.from({ length: Math.min(500, to - at) }, (_, index) => hostile(at + index)).join('')
    if (!socket.write(text)) await once(socket, 'drain')
  }
  socket.write('GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await ended
  socket.destroy()
}

/** A method that is none ends its connection. */
async function sendMethod(port: number, number: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.resume().end(`M${number} /p HTTP/1.1\r\nHost: a\r\n\r\n`)
  await once(socket, 'close')
}

test('100 000 paths, methods and hosts that nobody has heard of make no more series than 1 000', async (t) => {
  const traffic = new LiveMetrics()
  const lag = new LagMeter()
  t.after(() => lag.close())
  const { port } = await front(t, {
    metrics: traffic,
    workers: [{ config: mounted('http', 'ui', '/ui'), address: null }],
    maxHeld: 0,
  })
  const exposition = new Exposition({
    auth: new AuthCounts(),
    traffic,
    lag,
    sources: {
      build: { version: '1', commit: 'c', node: '26' },
      routes: () => ['ui', 'none'],
      workers: () => [],
      held: () => 0,
      logDropped: () => 0,
      reload: () => ({ succeeded: true, at: 0 }),
      certificateExpiresAt: () => null,
      maintenance: () => [],
      scrapeTargets: () => [],
    },
  })
  const series = async (): Promise<readonly string[]> => {
    const families = readExposition((await exposition.read(undefined)).body)
    return [...families.values()].flatMap((family) => [...family.series.keys()])
  }
  await send(port, 0, 1_000)
  await sendMethod(port, 0)
  const before = await series()
  await send(port, 1_000, 99_500)
  for (let number = 1; number < 500; number++) await sendMethod(port, number)
  assert.deepEqual(await series(), before)
  const counts = [...traffic.routes.values()].flatMap((route) => [...route.requests()])
  // Two more said goodbye.
  assert.equal(
    counts.reduce((sum, { count }) => sum + count, 0),
    100_002,
  )
})

test('100 000 methods, had they come so far, would be one', () => {
  const traffic = new LiveMetrics()
  const record = {
    id: '',
    kind: 'http',
    route: 'none',
    worker: null,
    client: '',
    status: 404,
    reason: 'route_not_found',
    startedAt: performance.now(),
    endedAt: performance.now(),
    ttfbMs: null,
    bytesIn: 0,
    bytesOut: 0,
  } as const
  for (let number = 0; number < 100_000; number++) traffic.settled({ ...record, method: `M${number}` })
  assert.deepEqual([...traffic.route('none').requests()], [{ method: '_other', code: 404, count: 100_000 }])
})
