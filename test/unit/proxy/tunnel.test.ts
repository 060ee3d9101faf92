import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { Wire } from '../../support/raw.ts'
import { through } from '../../support/through.ts'
import type { Through } from '../../support/through.ts'
import { agreement, handshake } from '../../support/websocket.ts'

const goodbye = Buffer.from([0x88, 2, 0x03, 0xf4]).toString('latin1')
const message = Buffer.from([0x82, 3, 1, 2, 3])

/** An open WebSocket through the gateway. */
async function open(t: TestContext): Promise<Through & { readonly worker: Wire }> {
  const opened = await through(t)
  opened.client.send(handshake())
  const worker = await opened.server.accept()
  await worker.request()
  worker.send(agreement())
  await opened.client.answer()
  return { ...opened, worker }
}

function backend({ front }: Through) {
  const [first] = front.backends
  if (first === undefined) throw new Error('no backend')
  return first
}

test('a socket between two messages gets the close frame at once, then the end', async (t) => {
  const opened = await open(t)
  assert.equal(backend(opened).tunnels, 1)
  backend(opened).closeTunnels(1012, 0)
  assert.equal(await opened.client.rest(), goodbye)
  opened.client.end()
  await opened.client.closed
  const [record] = await opened.front.settled(1)
  assert.equal(record?.reason, 'drain')
  assert.equal(backend(opened).tunnels, 0)
})

test('the close frame waits for the end of the message that is being sent', async (t) => {
  const opened = await open(t)
  opened.worker.send(message.subarray(0, 4))
  await opened.client.bytes(4)
  backend(opened).closeTunnels(1012, 0)
  opened.worker.send(Buffer.concat([message.subarray(4), message]))
  assert.equal(await opened.client.rest(), message.subarray(4).toString('latin1') + goodbye)
})

test('the worker loses its socket too', async (t) => {
  const opened = await open(t)
  backend(opened).closeTunnels(1012, 0)
  await opened.client.ended
  opened.client.end()
  await opened.worker.ended
})

test('what a client still sends after the goodbye does not keep the socket', async (t) => {
  const opened = await open(t)
  backend(opened).closeTunnels(1012, 0)
  await opened.client.ended
  opened.client.send(message)
  await opened.front.settled(1)
})
