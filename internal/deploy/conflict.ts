/** What writing deployment files would do to those that are there. Pure. */

import type { Problem } from '../fault/startup.ts'
import type { DeployFile } from './text.ts'

/** A file, and what is there in its place: null = nothing. */
export interface Placed extends DeployFile {
  readonly existing: string | null
}

/** Lines of a file that are shown. */
const shownLines = 8

/** One problem for every file that would lose something: which lines are in it and not in the new one. */
export function conflicts(files: readonly Placed[]): readonly Problem[] {
  return files.flatMap(({ path, text, existing }) =>
    existing === null || existing === text ? [] : [conflict(path, lostLines(existing, text))],
  )
}

function conflict(path: string, lost: readonly string[]): Problem {
  const what =
    lost.length === 0 ? 'only its order of lines' : `${lost.length} line${lost.length === 1 ? '' : 's'}`
  return {
    code: 'would_overwrite',
    message: `the file exists and differs: ${what} would be lost`,
    where: path,
    hint: 'write beside it with -o DIR and compare, or replace it with -f',
    detail: [
      ...lost.slice(0, shownLines).map((line) => `- ${line}`),
      ...(lost.length > shownLines ? [`  ... and ${lost.length - shownLines} more`] : []),
    ],
  }
}

/** Lines of `before` that `after` does not have, each as often as it is missing; blank ones do not count. */
function lostLines(before: string, after: string): readonly string[] {
  const left = new Map<string, number>()
  for (const line of after.split('\n')) left.set(line, (left.get(line) ?? 0) + 1)
  return before.split('\n').filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0 && line.trim() !== ''
  })
}
