import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { failures } from '../../../internal/fault/failure.ts'
import { repository } from '../../support/python.ts'

// Put together at run time from a kind of file and what is wrong with it.
const composed = new Set([
  'config_missing',
  'config_unreadable',
  'include_missing',
  'include_unreadable',
  'cwd_missing',
])

const page = readFileSync(join(repository, 'docs', 'errors.md'), 'utf8')

/** Rows of the table below a heading, as cells without their backticks. */
function table(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`|`$/g, '')),
    )
}

/** Everything below internal/, in both languages, where a problem's code could be written. */
function sources(): string {
  const files = globSync('internal/**/*.{ts,py}', { cwd: repository })
  return files.map((name) => readFileSync(join(repository, name), 'utf8')).join('\n')
}

test('docs/errors.md lists every refusal of a request with its status and sentence', () => {
  const expected = Object.entries(failures).map(([code, [status, , sentence]]) => [
    code,
    String(status),
    sentence,
  ])
  assert.deepEqual(table('Refused requests'), expected)
})

test('docs/errors.md lists every problem that ends a start or a check, and no other', () => {
  const listed = table('Errors and warnings of the command').map(([code = '']) => code)
  const text = sources()
  // `custom` is a word of the schema library.
  const written = [...text.matchAll(/\bcode: '([a-z]+(?:_[a-z]+)*)'/g)].map(([, code = '']) => code)
  const missing = [...new Set(written)].filter(
    (code) => code !== 'custom' && !(code in failures) && !listed.includes(code),
  )
  assert.deepEqual(missing, [])
  const unknown = listed.filter((code) => !composed.has(code) && !new RegExp(`['"]${code}['"]`).test(text))
  assert.deepEqual(unknown, [])
})
