/** Sizes and start times of a release as a table, in docs/releasing.md. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { repository, SetupError } from '../shell/progress.mjs'
import type { Made } from './release.ts'
import { targets } from './targets.ts'

const page = join(repository, 'docs', 'releasing.md')
const marks = { begin: '<!-- sizes: begin -->', end: '<!-- sizes: end -->' }

/** Whether every target was made: half a table would replace a whole one. */
export function isAll(made: readonly Made[]): boolean {
  return made.length === targets.length
}

/** Puts the table between its marks. */
export function writeTable(made: readonly Made[]): void {
  const text = readFileSync(page, 'utf8')
  const [begin, end] = [text.indexOf(marks.begin), text.indexOf(marks.end)]
  if (begin < 0 || end < begin) throw new SetupError(`${page} has no ${marks.begin} ... ${marks.end}`)
  writeFileSync(page, `${text.slice(0, begin)}${marks.begin}\n\n${table(made)}\n\n${text.slice(end)}`)
}

/** One row per target. */
export function table(made: readonly Made[]): string {
  const head = [
    '| target | executable | archive | wheel | .deb | `--version` | `serve` to listening |',
    '|---|---|---|---|---|---|---|',
  ]
  return [...head, ...made.map(row)].join('\n')
}

function row({ target, size, files, seen }: Made): string {
  const sizeOf = (suffix: RegExp): string => {
    const file = files.find(({ name }) => suffix.test(name))
    return file === undefined ? '–' : megabytes(file.size)
  }
  const times = timesOf(seen)
  const sizes = [megabytes(size), sizeOf(/\.(tar\.gz|zip)$/), sizeOf(/\.whl$/), sizeOf(/\.deb$/)]
  return `| ${[target.id, ...sizes, ...times].join(' | ')} |`
}

/** Under an emulator it is worth saying that it ran, not how long it took. */
function timesOf(seen: Made['seen']): readonly string[] {
  if (typeof seen === 'string') return ['not run', 'not run']
  if (seen.isEmulated) return ['runs (QEMU)', 'runs (QEMU)']
  return [seen.versionMs, seen.listeningMs].map((ms) => `${Math.round(ms)} ms`)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
