import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LagMeter } from '../../../internal/metrics/lag.ts'
import { eventually } from '../../support/eventually.ts'

test('a blocked event loop is seen with about the time it was blocked', async (t) => {
  const meter = new LagMeter()
  t.after(() => meter.close())
  // Longer than two paces: the timer falls due while nothing runs.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
  await eventually('a sample', () => meter.seconds.sum > 0)
  assert.ok(meter.seconds.sum >= 0.4, `${meter.seconds.sum}`)
  assert.ok(meter.recentMax >= 400, `${meter.recentMax}`)
})

test('a closed meter samples nothing', async () => {
  const meter = new LagMeter()
  meter.close()
  meter.close()
  const other = new LagMeter()
  await eventually('two samples of another one', () => other.seconds.counts.reduce((a, b) => a + b) >= 2)
  other.close()
  assert.equal(meter.seconds.sum, 0)
})
