import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bucketOf, latencyBounds } from '../../../internal/metrics/distribution.ts'
import { Window, windowSeconds } from '../../../internal/metrics/window.ts'

const bucket = (seconds: number): number => bucketOf(latencyBounds, seconds)

test('what ended in a second is told for that second and for no other', () => {
  const window = new Window()
  window.add(1_000, bucket(0.002), false)
  window.add(1_000, bucket(0.002), true)
  window.add(1_003, bucket(0.2), false)
  const told = window.between(0, 1_004)
  assert.deepEqual(
    told.map(({ second, requests, errors }) => [second, requests, errors]),
    [
      [1_000, 2, 1],
      [1_003, 1, 0],
    ],
  )
  const [first, last] = told
  assert.ok(first !== undefined && first.p99_ms > 1 && first.p99_ms <= 2, JSON.stringify(first))
  assert.ok(last !== undefined && last.p50_ms > 150 && last.p50_ms <= 250, JSON.stringify(last))
})

test('the end is not included, so that a second is told once and as a whole', () => {
  const window = new Window()
  window.add(50, 0, false)
  assert.deepEqual(window.between(0, 50), [])
  assert.equal(window.between(50, 51).length, 1)
  assert.deepEqual(window.between(51, 60), [])
})

test('a second of long ago gives its place to a new one', () => {
  const window = new Window()
  window.add(1_000, 0, true)
  window.add(1_000 + windowSeconds, 0, false)
  assert.deepEqual(
    window.between(0, 1_001 + windowSeconds).map(({ second, errors }) => [second, errors]),
    [[1_000 + windowSeconds, 0]],
  )
})

test('several seconds together have percentiles of their own', () => {
  const window = new Window()
  for (let count = 0; count < 98; count++) window.add(1_000, bucket(0.002), false)
  window.add(1_001, bucket(0.2), true)
  window.add(1_002, bucket(0.2), false)
  window.add(1_003, bucket(9), true)
  const { requests, errors, p50_ms: p50, p99_ms: p99 } = window.sum(1_000, 1_003)
  assert.deepEqual([requests, errors], [100, 1])
  assert.ok(p50 <= 2 && p99 > 150 && p99 <= 250, `${p50} ${p99}`)
  assert.equal(window.sum(1_004, 1_010).requests, 0)
})
