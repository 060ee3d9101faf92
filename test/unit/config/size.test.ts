import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseSize } from '../../../internal/config/size.ts'

test('KiB, MiB and GiB count in 1024, KB, MB and GB in 1000', () => {
  for (const [text, bytes] of [
    ['512B', 512],
    ['64KiB', 65_536],
    ['200MiB', 209_715_200],
    ['1GiB', 1_073_741_824],
    ['64KB', 64_000],
    ['2MB', 2_000_000],
    ['1GB', 1_000_000_000],
  ] as const) {
    assert.deepEqual(parseSize(text), { kind: 'ok', value: bytes })
  }
})

test('everything else is refused with what to write instead', () => {
  for (const [text, hint] of [
    ['200', 'add a unit: "200B", "200KiB" or "200MiB"'],
    ['200M', 'write "200MiB"'],
    ['200mb', 'write "200MB"'],
    ['64 kib', 'write "64KiB"'],
    ['1.5GiB', 'units are B, KiB, MiB, GiB (1024) and KB, MB, GB (1000)'],
    ['99999999999GiB', 'write a smaller size'],
  ] as const) {
    assert.deepEqual(parseSize(text), { kind: 'bad', hint })
  }
  assert.deepEqual(parseSize('1B', 256), { kind: 'bad', hint: 'write at least "256B"' })
})
