import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { answerRow, requestRow } from '../../../scripts/matrix/table.ts'
import { answerCases } from '../../matrix/answers.ts'
import { requestCases } from '../../matrix/cases.ts'
import { repository } from '../../support/python.ts'

const rows = readFileSync(join(repository, 'docs', 'matrix.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]\d/.test(line) && line.split(' | ').length > 4)

test('docs/matrix.md lists every case with what must come of it, and no other', () => {
  const expected = [...requestCases.map(requestRow), ...answerCases.map(answerRow)]
  assert.deepEqual(
    rows.map((row, index) => row.slice(0, expected[index]?.length)),
    expected,
  )
})

test('docs/matrix.md holds no case that did not come out as required', () => {
  assert.deepEqual(
    rows.filter((row) => !row.includes('✓') || row.includes('✗')),
    [],
  )
})
