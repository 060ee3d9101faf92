import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'

import { readProcessUsage } from '../../../internal/metrics/process-usage.ts'

test('a descriptor more is counted as one more', () => {
  const before = readProcessUsage()
  const descriptors = [1, 2, 3].map(() => openSync('/dev/null', 'r'))
  const after = readProcessUsage()
  for (const descriptor of descriptors) closeSync(descriptor)
  assert.equal((after.openFiles ?? 0) - (before.openFiles ?? 0), 3)
  assert.ok((before.maxFiles ?? 0) > 0)
  assert.ok(before.cpuSeconds > 0 && before.residentBytes > before.heapBytes)
})
