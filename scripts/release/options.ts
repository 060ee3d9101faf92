/** The command line of `npm run release`. */

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { repository } from '../shell/progress.mjs'

/** What was asked for. */
export interface Options {
  /** Names of targets; none means all. */
  readonly targets: readonly string[]
  /** Where the files go; what was there is replaced. */
  readonly output: string
  /** Whether files may differ from the commit. */
  readonly allowDirty: boolean
  /** Whether everything is made a second time, from a clone elsewhere, and compared. */
  readonly verify: boolean
  /** Whether the table in docs/releasing.md is written. */
  readonly isForDocs: boolean
  /** `NAME <ADDRESS>` in place of what package.json says. */
  readonly maintainer: string | undefined
}

/** What `--help` prints. */
export const usage = `npm run release -- [--target NAME]... [--output DIRECTORY] [--verify] [--docs] [--allow-dirty]
                   [--maintainer "NAME <ADDRESS>"]

--target       linux-x64, linux-arm64, darwin-arm64, darwin-x64 or win-x64; may repeat; all without one
--output       where the files go (dist/release); what was there is replaced when everything is made
--verify       makes the same release again, from a clone in another directory, and compares every file
--docs         writes sizes and start times into docs/releasing.md
--maintainer   whom people may write to, for packages and bills of materials; else the author in package.json
--allow-dirty  also with files that are not committed: for a try, it cannot be made again`

/**
 * Reads the arguments.
 * @throws Error with a sentence for the person who typed them
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', multiple: true, default: [] },
      output: { type: 'string', default: 'dist/release' },
      'allow-dirty': { type: 'boolean', default: false },
      verify: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      maintainer: { type: 'string' },
    },
  })
  return {
    targets: values.target,
    output: resolve(repository, values.output),
    allowDirty: values['allow-dirty'],
    verify: values.verify,
    isForDocs: values.docs,
    maintainer: values.maintainer,
  }
}
