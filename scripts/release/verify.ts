/** Whether a release can be made again: the same files from a clone in another directory, at another time. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { repository, SetupError } from '../shell/progress.mjs'
import { must } from '../shell/run.mjs'
import type { Options } from './options.ts'

/**
 * @returns what was compared
 * @throws {SetupError} naming the files that differ
 */
export async function verify({ output, targets, maintainer }: Options): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'fl-release-again-'))
  try {
    const clone = join(directory, 'elsewhere', 'clone')
    await must('git clone', 'git', ['clone', '--quiet', '--no-hardlinks', repository, clone])
    lendDownloads(clone)
    const again = join(directory, 'again')
    const args = targets.flatMap((target) => ['--target', target])
    if (maintainer !== undefined) args.push('--maintainer', maintainer)
    await must('npm run release', 'npm', ['run', 'release', '--', '--output', again, ...args], {
      cwd: clone,
      // Whatever may leak into a file from the surroundings is another one this time.
      env: { ...process.env, TZ: 'Pacific/Chatham', LC_ALL: 'C', HOME: directory },
    })
    return compare(output, again)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The published Nodes are not fetched again; their hashes are checked all the same. */
function lendDownloads(clone: string): void {
  const toolchain = join(clone, '.toolchain')
  mkdirSync(toolchain)
  cpSync(join(repository, '.toolchain', 'npm'), join(toolchain, 'npm'), { recursive: true })
}

function compare(first: string, second: string): string {
  const names = [...new Set([...readdirSync(first), ...readdirSync(second)])].toSorted()
  const differing = names.filter((name) => !isSame(join(first, name), join(second, name)))
  if (differing.length > 0) throw new SetupError(`these files differ: ${differing.join(', ')}`)
  return `${names.length} files are the same`
}

function isSame(first: string, second: string): boolean {
  try {
    return readFileSync(first).equals(readFileSync(second))
  } catch {
    return false
  }
}
