/**
 * Fills in the last column of the attack matrix in docs/security.md: the files with a test named after the row
 * (`attack 17: ...`, `attack 106, 107: ...`). Rows without one keep their reason.
 *
 *   node scripts/attack-table.ts [--check]
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs/security.md')
const row = /^\| (\d+) \| (.*) \| ([^|]*) \|$/

/** Test files below test/ by the number of the row they show. */
export function shownBy(): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>()
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  for (const file of tests.filter((name) => name.endsWith('.ts')).toSorted()) {
    const text = readFileSync(join(root, 'test', file), 'utf8')
    for (const [, numbers = ''] of text.matchAll(/\battack (\d+(?:, \d+)*)[:,)'"`]/g))
      for (const number of numbers.split(', ').map(Number)) {
        const files = found.get(number) ?? []
        if (!files.includes(file)) found.set(number, [...files, file])
      }
  }
  return found
}

/** The page with its last column as the tests have it. */
export function withTests(text: string, tests: ReadonlyMap<number, readonly string[]>): string {
  return text
    .split('\n')
    .map((line) => {
      const [, number = '', cells = '', reason = ''] = row.exec(line) ?? []
      if (number === '') return line
      const files = tests.get(Number(number))
      const names = files?.map((file) => `\`${file.replace(/(?:\.test)?\.ts$/, '')}\``)
      const kept = reason.startsWith('`') ? '**not shown**' : reason
      return `| ${number} | ${cells} | ${names?.join(', ') ?? kept} |`
    })
    .join('\n')
}

/** Numbers of the rows, in order. */
export function rowsOf(text: string): readonly number[] {
  return text.split('\n').flatMap((line) => (row.test(line) ? [Number(row.exec(line)?.[1])] : []))
}

if (import.meta.filename === process.argv[1]) {
  const text = readFileSync(page, 'utf8')
  const wanted = withTests(text, shownBy())
  if (!process.argv.includes('--check')) writeFileSync(page, wanted)
  else if (text !== wanted) {
    console.error('docs/security.md does not say what the tests show; run: npx tsx scripts/attack-table.ts')
    process.exitCode = 1
  }
}
