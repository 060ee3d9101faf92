import assert from 'node:assert/strict'
import { test } from 'node:test'

import { status } from '../../../internal/cli/status.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'
import { testTerminal } from '../../fixtures/admin/terminal.ts'

/** Pauses that are over at once, as often as given; then comes Ctrl-C. */
function pauses(times: number): () => Promise<boolean> {
  let left = times
  return () => Promise.resolve(left-- > 0)
}

test('status --json prints the report of the gateway', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const terminal = testTerminal()
  assert.equal(await status({ socket, json: true }, terminal), 0)
  assert.deepEqual(JSON.parse(terminal.written.out), target.report)
})

test('status prints a table once', async (t) => {
  const { socket } = await fakeGateway(t)
  const terminal = testTerminal()
  assert.equal(await status({ socket }, terminal), 0)
  assert.equal(terminal.written.out.split('WORKER').length, 2)
})

test('status --watch draws over itself on a screen until Ctrl-C', async (t) => {
  const { socket } = await fakeGateway(t)
  const terminal = testTerminal({ isScreen: true, pause: pauses(2) })
  assert.equal(await status({ socket, watch: true }, terminal), 0)
  assert.equal(terminal.written.out.split('\x1b[H\x1b[J').length, 4)
})

test('status --watch --json is one line each, without escapes', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const terminal = testTerminal({ isScreen: true, pause: pauses(1) })
  assert.equal(await status({ socket, watch: true, json: true }, terminal), 0)
  const line = `${JSON.stringify(target.report)}\n`
  assert.equal(terminal.written.out, line + line)
})

test('status --watch ends with an error when the gateway has gone', async (t) => {
  const { socket, server } = await fakeGateway(t)
  const pause = (): Promise<boolean> => server.close().then(() => true)
  await assert.rejects(status({ socket, watch: true }, testTerminal({ pause })), /there is no socket/)
})
