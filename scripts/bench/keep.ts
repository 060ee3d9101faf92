/** Where results go: a JSON file and a picture, and on request the page that is read. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { repository } from '../shell/progress.mjs'
import type { Options } from './options.ts'
import { replaceBetween } from './output/marks.ts'
import { markdownReport, picture } from './output/report.ts'
import type { Results } from './output/results.ts'

/** The lines of docs/performance.md between which a run is written. */
export const marks = {
  begin: '<!-- bench: written by npm run bench -- --docs -->',
  end: '<!-- end of bench -->',
}

/** Writes the results. The page is written only on request: a short run of somebody's must not replace its figures. */
export function keep(results: Results, { json, isForDocs }: Pick<Options, 'json' | 'isForDocs'>): void {
  const file = json ?? join(repository, 'dist', 'bench', 'results.json')
  mkdirSync(dirname(file), { recursive: true })
  write(file, `${JSON.stringify(results, null, 2)}\n`)
  write(`${file.replace(/\.json$/, '')}.svg`, picture(results))
  if (!isForDocs) return
  const page = join(repository, 'docs', 'performance.md')
  write(join(repository, 'docs', 'performance.svg'), picture(results))
  write(page, replaceBetween(readFileSync(page, 'utf8'), marks, markdownReport(results, 'performance.svg')))
}

function write(file: string, text: string): void {
  writeFileSync(file, text)
  console.log(`written: ${file}`)
}
