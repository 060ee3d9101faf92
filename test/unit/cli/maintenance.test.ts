import assert from 'node:assert/strict'
import { test } from 'node:test'

import { maintenance } from '../../../internal/cli/maintenance.ts'
import { usualMessage } from '../../../internal/maintenance/maintenance.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'
import { testTerminal } from '../../fixtures/admin/terminal.ts'

test('on and off reach the gateway, and are audited with who asked', async (t) => {
  const { socket, target, audited } = await fakeGateway(t)
  const terminal = testTerminal()
  assert.equal(await maintenance({ socket, action: 'on', worker: ['ui'], message: 'Noon.' }, terminal), 0)
  assert.equal(await maintenance({ socket, action: 'off' }, terminal), 0)
  assert.deepEqual(target.calls, [
    'maintenance {"on":true,"workers":["ui"],"message":"Noon."}',
    `maintenance ${JSON.stringify({ on: false, workers: [], message: usualMessage })}`,
  ])
  assert.equal(terminal.written.out, 'maintenance on for ui: Noon.\nmaintenance off for everything\n')
  assert.equal(terminal.written.err, '')
  const shown = audited.map((event) => JSON.stringify(event).replace(/,"actor".*/, ''))
  assert.deepEqual(shown, [
    '{"event":"maintenance","on":true,"workers":["ui"],"message":"Noon."',
    '{"event":"maintenance","on":false,"workers":[]',
  ])
})

test('what a restart would forget is said', async (t) => {
  const { socket, target } = await fakeGateway(t)
  target.lost = 'there is no state directory'
  const terminal = testTerminal()
  assert.equal(await maintenance({ socket, action: 'on' }, terminal), 0)
  assert.match(
    terminal.written.err,
    /^warning\[maintenance_not_kept\]: a restart of the gateway ends it: there is no/,
  )
})

test('an unknown worker, and a message that cannot be shown, change nothing', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const terminal = testTerminal()
  await assert.rejects(maintenance({ socket, action: 'on', worker: ['uii'] }, terminal), /no worker "uii"/)
  await assert.rejects(maintenance({ socket, action: 'on', message: 'a\nb' }, terminal), /one line/)
  await assert.rejects(maintenance({ socket, action: 'off', message: 'x' }, terminal), /belongs to/)
  assert.deepEqual(target.calls, [])
})
