/** The directory the program was started in may be gone: a release that was replaced below an open shell. */

import { isAbsolute } from 'node:path'

import { exitCode, type Problem } from '../fault/startup.ts'
import { renderProblems, wantsColour } from './render.ts'

const problem: Problem = {
  code: 'directory_gone',
  message: 'the working directory no longer exists, or may not be entered',
  hint: 'change into a directory that exists: cd / or cd "$PWD" when it was made again; a running gateway is also found by --pid, --socket or an absolute -c',
}

/**
 * Says so when there is no working directory and the command line needs one; null = it can go on, else the exit code.
 * What needs none goes on from the root, because the library that reads the command line asks for one.
 */
export function refuseWithoutDirectory(argv: readonly string[]): number | null {
  try {
    process.cwd()
    return null
  } catch {
    if (!needsDirectory(argv)) {
      process.chdir('/')
      return null
    }
    process.stderr.write(renderProblems([problem], 'error', wantsColour(process.stderr, process.env)))
    return exitCode.usage
  }
}

/** Verbs that mean a gateway which runs, wherever they are said. */
const toGateways = new Set('status why sessions restart reload drain maintenance stop healthcheck'.split(' '))

/** Verbs that look at no file. */
const withoutFiles = new Set(['completion', 'hash-password', '--get-yargs-completions'])

/** Whether something in a command line depends on where it is said. Pure. */
export function needsDirectory(argv: readonly string[]): boolean {
  const [verb = ''] = argv
  if (argv.includes('--help') || argv.includes('-h') || withoutFiles.has(verb)) return false
  if (!toGateways.has(verb)) return true
  const names = argv.flatMap((word, index) => {
    const [, flag = '', joined] = /^(--config|--socket|--pid|--url|-c)(?:=(.*))?$/.exec(word) ?? []
    return flag === '' ? [] : [{ flag, value: joined ?? argv[index + 1] ?? '' }]
  })
  const isRelative = names.some(({ flag, value }) => !/^--(pid|url)$/.test(flag) && !isAbsolute(value))
  return names.length === 0 || isRelative
}
