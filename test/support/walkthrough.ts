import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { repository } from './python.ts'

/** A step of a page that its reader follows. */
export type Step =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'command'; readonly words: readonly string[] }

const block = /^( *)```(\w+)\n([^]*?)\n\1```/gm

/**
 * The steps of a page of the documentation, in order: code that begins with `# NAME` is a file, lines of `sh` are
 * commands. Other blocks show something.
 *
 * @param page path in the repository
 * @param heading a section of it; left out = all of it
 */
export async function stepsOf(page: string, heading?: string): Promise<readonly Step[]> {
  const text = await readFile(join(repository, page), 'utf8')
  const section =
    heading === undefined ? text : (text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '')
  if (section === '') throw new Error(`${page} has no section ${heading}`)
  return [...section.matchAll(block)].flatMap(([, indent = '', language, body = '']): Step[] => {
    const lines = body.split('\n').map((line) => line.slice(indent.length))
    const name = /^# (\S+\.\w+)$/.exec(lines[0] ?? '')?.[1]
    if (name !== undefined) return [{ kind: 'file', name, text: `${lines.join('\n')}\n` }]
    if (language !== 'sh') return []
    return lines.map((line) => ({ kind: 'command', words: line.replace(/\s+#.*/, '').split(/\s+/) }))
  })
}

/** Follows the steps from a directory on; `run` is given what is to be run, and where. */
export async function follow(
  steps: readonly Step[],
  directory: string,
  run: (words: readonly string[], cwd: string) => Promise<void>,
): Promise<void> {
  let cwd = directory
  for (const step of steps) {
    if (step.kind === 'file') {
      await writeFile(join(cwd, step.name), step.text)
      continue
    }
    const [program, argument = ''] = step.words
    if (program === 'cd') cwd = join(cwd, argument)
    else if (program === 'mkdir') await mkdir(join(cwd, argument))
    else await run(step.words, cwd)
  }
}
