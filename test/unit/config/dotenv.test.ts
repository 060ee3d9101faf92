import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseDotenv } from '../../../internal/config/dotenv.ts'

test('names, quotes, comments and export are read, with their lines', () => {
  const text = [
    '# comment',
    'PLAIN=a b # comment',
    'export EXPORTED = x',
    '',
    "SINGLE='a\\n$HOME #no comment'",
    'DOUBLE="a\\n\\"b\\" $HOME"',
    'LINES="one',
    'two"',
    'HASH=a#b',
    'EMPTY=',
    '',
  ].join('\n')
  const { entries, problems } = parseDotenv(text, '.env')
  assert.deepEqual(problems, [])
  assert.deepEqual(
    entries.map(({ name, value, line }) => [line, name, value]),
    [
      [2, 'PLAIN', 'a b'],
      [3, 'EXPORTED', 'x'],
      [5, 'SINGLE', 'a\\n$HOME #no comment'],
      [6, 'DOUBLE', 'a\n"b" $HOME'],
      [7, 'LINES', 'one\ntwo'],
      [9, 'HASH', 'a#b'],
      [10, 'EMPTY', ''],
    ],
  )
})

test('every line that is not NAME=value is a problem with its line and without its text', () => {
  const { entries, problems } = parseDotenv('A=1\nhunter2\nB="open\nC=3\r\n', '.env')
  assert.deepEqual(
    problems.map((problem) => problem.where),
    ['.env:2', '.env:3'],
  )
  assert(!JSON.stringify(problems).includes('hunter2'))
  assert.deepEqual(
    entries.map((entry) => entry.name),
    ['A', 'C'],
  )
})
