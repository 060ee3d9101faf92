import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noNotifier } from '../../../internal/host/notify.ts'
import { Watchdog, watchdogIntervalMs } from '../../../internal/host/watchdog.ts'

test('half of what the manager allows is the interval, in milliseconds', () => {
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000' }, 7), 15_000)
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 15_000)
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '1' }, 7), 1)
})

test('a time that a timer cannot hold is the longest one, not the shortest', () => {
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '18446744073709551614' }, 7), 2 ** 31 - 1)
})

test('no watchdog, one for another process, or a broken time is none', () => {
  assert.equal(watchdogIntervalMs({}, 7), null)
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), null)
  for (const time of ['', '0', '-1', 'x', '1.5'])
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: time }, 7), null)
})

test('it says "alive" at once and then at every interval, but only while the gateway is healthy', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let health: boolean | Error = true
  const { watchdog, beats } = started(() => {
    if (health instanceof Error) throw health
    return health
  })
  assert.equal(beats(), 1)
  t.mock.timers.tick(14_999)
  assert.equal(beats(), 1)
  t.mock.timers.tick(1)
  assert.equal(beats(), 2)
  health = false
  t.mock.timers.tick(45_000)
  assert.equal(beats(), 2)
  health = new Error('broken')
  t.mock.timers.tick(15_000)
  assert.equal(beats(), 2)
  health = true
  t.mock.timers.tick(15_000)
  assert.equal(beats(), 3)
  watchdog.close()
  watchdog.close()
  t.mock.timers.tick(60_000)
  assert.equal(beats(), 3)
})

function started(healthy: () => boolean) {
  let count = 0
  const notifier = { ...noNotifier, alive: () => void (count += 1) }
  const watchdog = new Watchdog({ env: { WATCHDOG_USEC: '30000000' }, notifier, healthy })
  return { watchdog, beats: () => count }
}
