import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isHiddenFromOutside, namesFile } from '../../../internal/app/streamlit.ts'

const hidden: readonly (readonly [readonly string[], boolean])[] = [
  [['_stcore', 'metrics'], true],
  [['_stcore', 'script-health-check', ''], true],
  [['_stcore/metrics'], true],
  [['', '_stcore', '', 'metrics'], true],
  [['_stcore\\metrics'], true],
  [['_stcore', 'health'], false],
  [['_stcore', 'stream'], false],
  [['x', '_stcore', 'metrics'], false],
  [[], false],
]

for (const [below, expected] of hidden) {
  test(`${JSON.stringify(below)} is ${expected ? 'hidden' : 'not hidden'} from outside`, () =>
    assert.equal(isHiddenFromOutside(below), expected))
}

test('files of Streamlit have an extension and are no pages', () => {
  assert.ok(namesFile(['static', 'js', 'index.Ab1.js']))
  for (const below of [
    ['static'],
    ['static', 'js', ''],
    ['static', 'x'],
    ['static', 'index.html'],
    ['a.js'],
  ]) {
    assert.ok(!namesFile(below), below.join('/'))
  }
})
