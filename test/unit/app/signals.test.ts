import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { SignalDesk } from '../../../internal/app/signals.ts'

/** A desk whose signals come from the test: real ones would also reach the test runner. */
function desk(
  hangUp: 'reload' | 'stop',
  reopen = (): void => undefined,
): readonly [SignalDesk, EventEmitter] {
  const source = new EventEmitter()
  return [new SignalDesk({ reopen, hangUp, source }), source]
}

test('SIGUSR1 asks for the log file to be opened again, also before the gateway serves', () => {
  let reopened = 0
  const [, signals] = desk('reload', () => (reopened += 1))
  signals.emit('SIGUSR1', 'SIGUSR1')
  assert.equal(reopened, 1)
})

test('SIGHUP reloads once there is a gateway, and does nothing before', () => {
  let reloads = 0
  const [opened, signals] = desk('reload')
  signals.emit('SIGHUP', 'SIGHUP')
  opened.serve({ reload: () => (reloads += 1), dump: () => undefined, now: () => undefined })
  signals.emit('SIGHUP', 'SIGHUP')
  assert.equal(reloads, 1)
})

test('SIGTERM is told by its name, a second one ends now', async () => {
  const [opened, signals] = desk('reload')
  const ended: string[] = []
  opened.serve({
    reload: () => undefined,
    dump: () => undefined,
    now: (signal) => {
      ended.push(signal)
      throw new Error('the process has ended')
    },
  })
  signals.emit('SIGTERM', 'SIGTERM')
  assert.deepEqual(await opened.asked, { kind: 'asked', by: 'SIGTERM' })
  assert.throws(() => signals.emit('SIGINT', 'SIGINT'))
  assert.deepEqual(ended, ['SIGINT'])
})

test('where a terminal is what keeps it running, SIGHUP stops it', async () => {
  const [opened, signals] = desk('stop')
  signals.emit('SIGHUP', 'SIGHUP')
  assert.deepEqual(await opened.asked, { kind: 'asked', by: 'SIGHUP' })
})

test('a closed desk hears nothing', () => {
  let reopened = 0
  const [opened, signals] = desk('reload', () => (reopened += 1))
  opened.close()
  signals.emit('SIGUSR1', 'SIGUSR1')
  assert.deepEqual([reopened, signals.eventNames()], [0, []])
})
