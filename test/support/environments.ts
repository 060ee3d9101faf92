import { execFile } from 'node:child_process'
import { rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import { python } from './python.ts'

/** Virtual environments side by side, one of them in use behind the symbolic link `venv`. */
export interface Environments {
  readonly directory: string
  /** Lets the link name another one, in one step. */
  use(name: string): Promise<void>
}

const run = promisify(execFile)

/** Makes them in a fresh directory; they see the packages of the tests' own environment. */
export async function environments(t: Cleanup, names: readonly string[]): Promise<Environments> {
  const directory = await freshDirectory(t)
  const packages = (await run(python(), ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']))
    .stdout
  for (const name of names) {
    await run(python(), ['-m', 'venv', '--without-pip', join(directory, name)])
    const own = join(directory, name, 'bin', 'python')
    const { stdout } = await run(own, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'])
    await writeFile(join(stdout.trim(), 'tests.pth'), packages)
  }
  return {
    directory,
    async use(name) {
      const next = join(directory, 'next')
      await symlink(name, next)
      await rename(next, join(directory, 'venv'))
    },
  }
}
