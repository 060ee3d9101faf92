import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { rowsOf, shownBy, withTests } from '../../../scripts/attack-table.ts'
import { repository } from '../../support/python.ts'

const page = readFileSync(join(repository, 'docs/security.md'), 'utf8')

test('docs/security.md names the tests of every row of the attack matrix', () => {
  assert.equal(withTests(page, shownBy()), page, 'run: npx tsx scripts/attack-table.ts')
})

test('every row is there once, and a row that no test shows says why', () => {
  const rows = rowsOf(page)
  assert.deepEqual(
    rows,
    Array.from({ length: 133 }, (_, index) => index + 1),
  )
  assert.equal(/\| (?:open|\*\*not shown\*\*) \|/.test(page), false)
})

test('no test is named after a row that does not exist', () => {
  const unknown = [...shownBy().keys()].filter((number) => number < 1 || number > 133)
  assert.deepEqual(unknown, [])
})

test('a row whose test went away says so instead of naming it', () => {
  const text = '| 7 | a | b | `unit/x` |\n| 8 | a | b | a reason |\n| 9 | a | b | old |'
  const filled = withTests(text, new Map([[9, ['unit/auth/y.test.ts']]]))
  assert.equal(
    filled,
    '| 7 | a | b | **not shown** |\n| 8 | a | b | a reason |\n| 9 | a | b | `unit/auth/y` |',
  )
})
