/**
 * Writes what is made from the configuration schema: config/fluxlit.schema.json, fluxlit.example.toml and the
 * tables in docs/configuration.md. With `--check` nothing is written and the exit status says whether all are current.
 *
 *   node scripts/config-reference.ts [--check]
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { exampleToml } from '../internal/config/example.ts'
import { jsonSchema, referenceTables } from '../internal/config/reference.ts'

const root = join(import.meta.dirname, '..')
const begin = '<!-- reference: written by scripts/config-reference.ts -->'
const end = '<!-- end of reference -->'

/** Every written file, relative to the repository, with the text it should have. */
function wantedFiles(): readonly (readonly [string, string])[] {
  return [
    ['config/fluxlit.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`],
    ['fluxlit.example.toml', exampleToml()],
    ['docs/configuration.md', withTables(read('docs/configuration.md'))],
  ]
}

function withTables(page: string): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to < from) throw new Error('docs/configuration.md has lost the marks around its tables')
  return `${page.slice(0, from)}${begin}\n\n${referenceTables()}\n\n${page.slice(to)}`
}

function read(file: string): string {
  return readFileSync(join(root, file), { encoding: 'utf8', flag: 'a+' })
}

const stale = wantedFiles().filter(([file, text]) => read(file) !== text)
if (process.argv.includes('--check')) {
  for (const [file] of stale)
    console.error(`${file} is not what the schema says; run: node scripts/config-reference.ts`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [file, text] of stale) {
    writeFileSync(join(root, file), text)
    console.log(`wrote ${file}`)
  }
}
