/** The directory the program was started in may be gone: a release that was replaced below an open shell. */

import { exitCode, type Problem } from '../fault/startup.ts'
import { renderProblems, wantsColour } from './render.ts'

const problem: Problem = {
  code: 'directory_gone',
  message: 'the working directory no longer exists, or may not be entered',
  hint: 'change into a directory that exists: cd / or cd "$PWD" when it was made again',
}

/** Says so when there is no working directory; null = there is one, else the exit code. */
export function refuseWithoutDirectory(): number | null {
  try {
    process.cwd()
    return null
  } catch {
    process.stderr.write(renderProblems([problem], 'error', wantsColour(process.stderr, process.env)))
    return exitCode.usage
  }
}
