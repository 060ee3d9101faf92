import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytes, count, milliseconds, setting, span } from '../../../../internal/admin/page/format.ts'

test('numbers are told with the unit that suits them', () => {
  assert.deepEqual([0, 1023, 1024, 5_452_595, 2 ** 50].map(bytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '5.2 MiB',
    '1024 TiB',
  ])
  assert.deepEqual([0, 0.26, 9.99, 10.4, 2_140].map(milliseconds), [
    '0 ms',
    '0.3 ms',
    '10.0 ms',
    '10 ms',
    '2.1 s',
  ])
  assert.deepEqual([7, 1_234_567].map(count), ['7', '1\u2009234\u2009567'])
})

test('times are told in their two largest units', () => {
  assert.deepEqual([-1, 0, 59, 60, 3_661, 187_200].map(span), ['0s', '0s', '59s', '1m', '1h 1m', '2d 4h'])
})

test('a setting is told as JSON has it, and one that is not there as none', () => {
  assert.deepEqual([setting(['a']), setting('x'), setting(undefined)], ['["a"]', '"x"', 'none'])
})
