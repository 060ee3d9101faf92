import { spawnSync } from 'node:child_process'

import { python } from './python.ts'

/** Runs a module of the tests' Python that judges files. */
export function validated(module: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(python(), ['-m', module, ...words], { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}
