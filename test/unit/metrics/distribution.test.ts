import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bucketOf, Distribution, latencyBounds, percentile } from '../../../internal/metrics/distribution.ts'

test('a value at a bound belongs below it, one above all bounds to the last bucket', () => {
  assert.deepEqual(
    [0, 1, 1.5, 2, 3].map((value) => bucketOf([1, 2], value)),
    [0, 0, 1, 1, 2],
  )
})

test('counts and sum are those of all values', () => {
  const distribution = new Distribution([1, 2])
  for (const value of [0.5, 0.5, 1.5, 7]) distribution.observe(value)
  assert.deepEqual([...distribution.counts], [2, 1, 1])
  assert.equal(distribution.sum, 9.5)
})

test('a percentile lies straight between the bounds of its bucket', () => {
  assert.equal(percentile([10, 10, 0], [1, 2], 0.5), 1)
  assert.equal(percentile([10, 10, 0], [1, 2], 0.75), 1.5)
  assert.equal(percentile([0, 4, 0], [1, 2], 0.5), 1.5)
})

test('of values above all bounds the last bound is all that is known, and of none nothing', () => {
  assert.equal(percentile([0, 0, 5], [1, 2], 0.5), 2)
  assert.equal(percentile([0, 0, 0], [1, 2], 0.5), null)
})

test('bounds rise', () => {
  assert.deepEqual(
    [...latencyBounds].toSorted((a, b) => a - b),
    latencyBounds,
  )
})
