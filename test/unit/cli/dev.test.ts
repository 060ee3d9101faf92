import assert from 'node:assert/strict'
import { test } from 'node:test'

import { scopeOf } from '../../../internal/cli/dev.ts'

test("the Python package's words for scopes mean what they meant", () => {
  assert.deepEqual(
    (['api', 'ui', 'all', 'gateway', 'full'] as const).map((name) => scopeOf(name)),
    ['api', 'ui', 'all', 'api', 'all'],
  )
})
