import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ControlClient } from '../../../internal/admin/client.ts'
import { callerOf, callerText } from '../../../internal/admin/caller.ts'
import { ask } from '../../fixtures/admin/ask.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'

const nothing = (): void => undefined

test('what operators ask for is audited with who they say they are and how it ended', async (t) => {
  const { socket, target, audited } = await fakeGateway(t)
  const client = new ControlClient(socket)
  await client.drain()
  target.operation.resolve({ ok: false, problems: [{ code: 'x', message: 'worker api did not start' }] })
  await client.restart(['api'], nothing)
  await client.stop()
  await assert.rejects(client.reload(nothing))
  const self = { via: 'control', ...JSON.parse(callerText(process.env)) }
  assert.equal(self.pid, process.pid)
  assert.deepEqual(audited, [
    { event: 'drain', actor: self },
    {
      event: 'restart',
      workers: ['api'],
      actor: self,
      result: 'failed',
      reason: 'worker api did not start',
    },
    { event: 'stop', actor: self },
    { event: 'reload', actor: self, result: 'refused', reason: 'the gateway is stopping' },
  ])
})

test('looking is not audited, and a client that says nothing of itself is', async (t) => {
  const { socket, audited } = await fakeGateway(t)
  await ask(socket, 'GET', '/status')
  await ask(socket, 'POST', '/drain')
  assert.deepEqual(audited, [{ event: 'drain', actor: { via: 'control' } }])
})

test('what makes no sense in what a caller says is left out', () => {
  assert.deepEqual(callerOf(undefined), {})
  assert.deepEqual(callerOf('{'), {})
  assert.deepEqual(callerOf('[1]'), {})
  assert.deepEqual(
    callerOf(JSON.stringify({ uid: 'root', user: '', pid: 1.5, sudo_user: 'x'.repeat(65), more: 1 })),
    {},
  )
  assert.deepEqual(callerOf('{"uid":1000,"user":"ada","pid":7,"sudo_user":"\\u00e4"}'), {
    uid: 1000,
    user: 'ada',
    pid: 7,
    sudo_user: 'ä',
  })
})

test('a caller with an unusual name still makes a header', () => {
  assert.match(callerText({ SUDO_USER: 'jörg\r\nx: y' }), /^[\x20-\x7e]+$/)
})
