/** `fluxlit sdk install`: the Python package for editors and tests. */

import { installPackage } from '../app/install-package.ts'
import { findPython, isPythonFound } from '../config/python.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { embeddedPackage } from './embedded.ts'

/** Installs into the environment that workers would run in, or the one that was named; resolves to 0. @throws StartupError */
export async function installSdk(
  python: string | undefined,
  room: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly out: (text: string) => void
  },
): Promise<number> {
  const { cwd, env } = room
  const found = findPython({ path: pathOf(python), where: '--python' }, { cwd, root: cwd, env })
  if (!isPythonFound(found)) throw failed(found)
  const files = embeddedPackage()
  const installed = await installPackage(found.path, files)
  if ('code' in installed) throw failed(installed)
  room.out(`fluxlit ${files.version} is installed for ${found.path}, in ${installed.directory}\n`)
  return exitCode.ok
}

/** `.venv` is a path, `python3.12` a command. */
function pathOf(python: string | undefined): string | null {
  if (python === undefined) return null
  return python.startsWith('.') && !python.includes('/') ? `./${python}` : python
}

function failed(problem: Problem): StartupError {
  return new StartupError([problem], exitCode.failed)
}
