import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseDuration } from '../../../internal/config/duration.ts'

test('a duration is a whole number and a unit', () => {
  for (const [text, ms] of [
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
  ] as const) {
    assert.deepEqual(parseDuration(text), { kind: 'ok', value: ms })
  }
})

test('everything else is refused with what to write instead', () => {
  for (const [text, hint] of [
    ['30', 'add a unit: "30s"'],
    ['30 s', 'write "30s"'],
    ['2 minutes', 'write "2m"'],
    ['10S', 'write "10s"'],
    ['1.5s', 'write a whole number of a smaller unit, such as "1500ms"'],
    ['-1s', 'units are ms, s, m and h'],
    ['', 'units are ms, s, m and h'],
    ['1d', 'units are ms, s, m and h'],
  ] as const) {
    assert.deepEqual(parseDuration(text), { kind: 'bad', hint })
  }
})

test('a duration that would overflow a timer is refused', () => {
  assert.equal(parseDuration('596h').kind, 'ok')
  assert.deepEqual(parseDuration('597h'), { kind: 'bad', hint: 'write at most "596h"' })
})

test('zero is refused where nothing can be turned off', () => {
  assert.equal(parseDuration('0ms', 1).kind, 'bad')
})
