import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { SignalDesk } from '../../../internal/app/signals.ts'

test('SIGUSR1 asks for the log file to be opened again, also before the gateway serves', async (t) => {
  const reopened = Promise.withResolvers<void>()
  const desk = new SignalDesk({ reopen: () => reopened.resolve(), hangUp: 'reload' })
  t.after(() => desk.close())
  process.kill(process.pid, 'SIGUSR1')
  await reopened.promise
})

test('SIGHUP reloads once there is a gateway, and does nothing before', async (t) => {
  let reloads = 0
  const desk = new SignalDesk({ reopen: () => undefined, hangUp: 'reload' })
  t.after(() => desk.close())
  await hangUp()
  desk.serve({ reload: () => (reloads += 1), dump: () => undefined, now: () => undefined })
  await hangUp()
  assert.equal(reloads, 1)
})

test('SIGTERM is told by its name', async (t) => {
  const desk = new SignalDesk({ reopen: () => undefined, hangUp: 'reload' })
  t.after(() => desk.close())
  process.kill(process.pid, 'SIGTERM')
  assert.deepEqual(await desk.asked, { kind: 'asked', by: 'SIGTERM' })
})

test('where a terminal is what keeps it running, SIGHUP stops it', async (t) => {
  const desk = new SignalDesk({ reopen: () => undefined, hangUp: 'stop' })
  t.after(() => desk.close())
  process.kill(process.pid, 'SIGHUP')
  assert.deepEqual(await desk.asked, { kind: 'asked', by: 'SIGHUP' })
})

/** Sends it to this process; resolves when everybody has been told. */
async function hangUp(): Promise<void> {
  const told = once(process, 'SIGHUP')
  process.kill(process.pid, 'SIGHUP')
  await told
}
