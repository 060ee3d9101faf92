import assert from 'node:assert/strict'
import { test } from 'node:test'

import { GaugeSeries, shownSeconds, TrafficSeries } from '../../../../internal/admin/page/series.ts'

const second = (at: number, requests: number) => ({
  second: at,
  requests,
  errors: 1,
  p50_ms: 2,
  p90_ms: 3,
  p99_ms: 4,
})

test('rates have one number per second, latencies only where something ended', () => {
  const series = new TrafficSeries()
  series.add([second(998, 7)], 1000)
  const [seconds, all, errors] = series.rates(1000)
  assert.equal(seconds.length, shownSeconds)
  assert.deepEqual([seconds[0], seconds.at(-1)], [1000 - shownSeconds, 999])
  assert.deepEqual(
    [all?.slice(-3), errors?.slice(-3)],
    [
      [0, 7, 0],
      [0, 1, 0],
    ],
  )
  const [, p50, , p99] = series.latencies(1000)
  assert.deepEqual(
    [p50?.slice(-3), p99?.slice(-3)],
    [
      [null, 2, null],
      [null, 4, null],
    ],
  )
})

test('a snapshot told twice counts once, and what is older than five minutes is forgotten', () => {
  const series = new TrafficSeries()
  series.add([second(700, 5), second(701, 6)], 1000)
  series.add([second(701, 6), second(999, 1)], 1001)
  const [, all] = series.rates(1001)
  assert.equal(all?.[0], 6)
  assert.equal(
    all?.reduce((sum, value) => (sum ?? 0) + (value ?? 0), 0),
    7,
  )
})

test('gauges keep the readings of five minutes, one per second', () => {
  const series = new GaugeSeries()
  for (let at = 0; at <= shownSeconds + 5; at += 1) series.add(at, [at, null])
  series.add(shownSeconds + 5, [-1, 2])
  const [seconds, first, other] = series.columns()
  assert.equal(seconds[0], 5)
  assert.equal(seconds.length, shownSeconds + 1)
  assert.equal(first?.at(-1), -1)
  assert.deepEqual(other?.slice(-2), [null, 2])
})
