import assert from 'node:assert/strict'
import { test } from 'node:test'

import { digest, randomId } from '../../../../internal/auth/session/key-ring.ts'
import { shownId } from '../../../../internal/auth/session/roster.ts'

test('no id of a session looks like an option on a command line, nor opens anything', () => {
  for (let number = 0; number < 500; number += 1) {
    const key = digest(randomId())
    const id = shownId(key)
    assert.match(id, /^[0-9a-f]{16}$/)
    assert.ok(!key.includes(id))
  }
})
