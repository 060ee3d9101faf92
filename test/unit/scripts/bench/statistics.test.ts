import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { floors, median, percentile, slope, worst } from '../../../../scripts/bench/output/statistics.ts'

suite('the statistics of the bench', () => {
  test('take the middle value, or the mean of the middle two', () => {
    assert.equal(median([9, 1, 5]), 5)
    assert.equal(median([4, 1, 3, 2]), 2.5)
  })

  test('refuse to make a figure out of nothing', () => {
    assert.throws(() => median([]), RangeError)
    assert.throws(() => worst([], 'lower'), RangeError)
    assert.throws(() => percentile([], 0.99), RangeError)
  })

  test('call the largest value the worst where less is better, and the smallest where more is', () => {
    assert.equal(worst([1, 3, 2], 'lower'), 3)
    assert.equal(worst([1, 3, 2], 'higher'), 1)
  })

  test('count percentiles by the nearest rank, also as numbers and not as text', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.equal(percentile(hundred, 0.99), 99)
    assert.equal(percentile(hundred, 0.5), 50)
    assert.equal(percentile(hundred, 1), 100)
    assert.equal(percentile([10, 9, 100], 0.5), 10)
    assert.equal(percentile([7], 0.01), 7)
  })

  test('find the slope of a line that one wild point would bend', () => {
    const points = Array.from({ length: 20 }, (_, x) => ({ x, y: x === 19 ? 10_000 : 3 * x + 1 }))
    assert.equal(slope(points), 3)
  })

  test('call the slope of too little 0', () => {
    assert.equal(slope([]), 0)
    assert.equal(slope([{ x: 1, y: 5 }]), 0)
    assert.equal(
      slope([
        { x: 1, y: 5 },
        { x: 1, y: 9 },
      ]),
      0,
    )
  })

  test('see the floor under a sawtooth', () => {
    const sawtooth = Array.from({ length: 100 }, (_, x) => ({ x, y: 50 + (x % 10) * 7 }))
    const found = floors(sawtooth, 5)
    assert.equal(found.length, 5)
    assert.deepEqual([...new Set(found.map(({ y }) => y))], [50])
    assert.ok(slope(sawtooth) > 0, 'which the slope of all points would miss')
  })
})
