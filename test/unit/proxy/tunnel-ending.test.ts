import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Caller, identifyRefused } from '../../../internal/exchange/identify.ts'
import { compileTrustedPeers } from '../../../internal/exchange/peer.ts'
import { createIdSource } from '../../../internal/exchange/request-id.ts'
import { Pool } from '../../../internal/http1/pool.ts'
import type { ServerConnection } from '../../../internal/http1/server-connection.ts'
import { Departures } from '../../../internal/proxy/departures.ts'
import { Tunnel } from '../../../internal/proxy/tunnel.ts'
import { frontSide } from '../../support/front-side.ts'
import { rawServer } from '../../support/raw.ts'
import type { Wire } from '../../support/raw.ts'
import { Answer, clientLimits, outgoing } from '../../support/worker-side.ts'
import { agreement, handshake } from '../../support/websocket.ts'

const hour = 3_600_000
const caller = new Caller(
  { ids: createIdSource(), trusts: compileTrustedPeers([]), scheme: 'http', fallbackHost: 'a' },
  { address: '127.0.0.1', trusted: false, keepsIds: false },
)

interface Joined {
  readonly client: Wire
  readonly worker: Wire
  readonly connection: ServerConnection
  readonly tunnel: Tunnel
  /** Resolves when the client's side is closed. */
  readonly over: Promise<void>
}

/** An open tunnel whose clock is the test's: it calls `connection.sweep`. */
async function joined(t: TestContext, idleMs = 0): Promise<Joined> {
  const [server, side] = [await rawServer(t), await frontSide(t)]
  const pool = new Pool(server.address, clientLimits)
  const upstream = pool.openForTunnel()
  t.after(() => void upstream.socket.destroy())
  const answer = new Answer()
  upstream.send(outgoing({ upgrade: true }), answer)
  const worker = await server.accept()
  await worker.request()
  worker.send(agreement())
  await answer.until('switched')
  side.client.send(handshake())
  const { transaction } = await side.next()
  const over = Promise.withResolvers<void>()
  const { connection } = side
  const tunnel = new Tunnel({
    exchange: identifyRefused(null, caller),
    client: connection,
    worker: upstream,
    idleMs,
    stuckMs: 0,
    departures: new Departures(),
    onClose: over.resolve,
  })
  transaction.switchProtocols(agreement())
  connection.handOver(tunnel)
  await side.client.answer()
  return { client: side.client, worker, connection, tunnel, over: over.promise }
}

test('an open socket may be silent for as long as it likes when there is no limit', async (t) => {
  const { client, worker, connection } = await joined(t)
  const now = performance.now()
  for (const hours of [0, 1, 2]) connection.sweep(now + hours * hour)
  client.send('still')
  assert.equal(await worker.bytes(5), 'still')
})

test('U19: a worker that keeps its side open behind a client that ended its own is not waited for without end', async (t) => {
  const { client, worker, connection, over } = await joined(t)
  client.end()
  assert.equal(await worker.ended, 'end')
  const now = performance.now()
  connection.sweep(now)
  connection.sweep(now + 29_000)
  worker.send('last words')
  assert.equal(await client.bytes(10), 'last words')
  connection.sweep(now + 31_000)
  connection.sweep(now + 60_000)
  assert.equal(connection.socket.destroyed, false)
  connection.sweep(now + 62_000)
  await over
})

test('the time begins when a side ends, however long both were silent before', async (t) => {
  const { client, worker, connection } = await joined(t, hour)
  const now = performance.now()
  connection.sweep(now)
  client.end()
  await worker.ended
  connection.sweep(now + hour - 1)
  worker.send('last words')
  assert.equal(await client.bytes(10), 'last words')
})

test('a client that does not take what is on its way, and then the close frame, is not waited for without end', async (t) => {
  const { client, worker, connection, tunnel, over } = await joined(t)
  client.socket.pause()
  const frame = Buffer.concat([Buffer.from([0x82, 126, 0x0f, 0xfc]), Buffer.alloc(0xffc)])
  worker.send(Buffer.concat(Array.from({ length: 8_192 }, () => frame)))
  // The other direction is the clock.
  while (!connection.socket.writableNeedDrain) {
    client.send('x')
    await worker.bytes(1)
  }
  tunnel.close(1012)
  const now = performance.now()
  connection.sweep(now)
  connection.sweep(now + 29_000)
  assert.equal(connection.socket.destroyed, false)
  connection.sweep(now + 31_000)
  await over
})

test('a socket that is dismissed gets its last words between two messages, then the code, and its client is not heard', async (t) => {
  const { client, worker, tunnel, over } = await joined(t)
  worker.send('\x82\x04ab')
  assert.equal(await client.bytes(4), '\x82\x04ab')
  tunnel.dismiss(4401, Buffer.from('\x82\x01x', 'latin1'))
  client.send('too late')
  worker.send('cd\x82\x01y')
  assert.equal(await client.bytes(5), 'cd\x82\x01x')
  assert.equal(await client.rest(), `\x88\x02${String.fromCharCode(4401 >> 8, 4401 & 0xff)}`)
  client.end()
  await over
  assert.equal(await worker.rest(), '')
})

test('a socket that is dismissed in the middle of a message is not kept for its end', async (t) => {
  const { client, worker, tunnel, over } = await joined(t)
  worker.send('\x82\x04ab')
  assert.equal(await client.bytes(4), '\x82\x04ab')
  tunnel.dismiss(4401, null)
  await over
  await worker.ended
})

test('nor is a client that takes nothing', async (t) => {
  const { client, tunnel, over } = await joined(t)
  client.socket.pause()
  tunnel.dismiss(4401, Buffer.from('\x82\x01x', 'latin1'))
  await over
})
