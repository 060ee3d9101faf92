import { readdirSync, readFileSync } from 'node:fs'
import { getAsset, getAssetKeys, isSea } from 'node:sea'

import type { PackageFiles } from '../worker/sdk.ts'

/**
 * A text file that travels inside the executable; from source it is read from the repository.
 * @param name its path in the repository, such as `internal/python/bootstrap.py`; config/sea.json lists what is taken
 * @throws when there is no such file: a mistake in the build, not in what a user did
 */
export function embedded(name: string): string {
  return isSea() ? getAsset(name, 'utf8') : readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
}

/** The Python package that travels inside the executable. */
export function embeddedPackage(): PackageFiles {
  const files = Object.fromEntries(packageNames().map((name) => [name, embedded(`${packageRoot}${name}`)]))
  const version = /^__version__\s*(?::[^=]*)?=\s*["']([^"']+)["']/m.exec(files['fluxlit/_version.py'] ?? '')?.[1]
  if (version === undefined) throw new Error('the Python package has no version')
  return { version, files }
}

const packageRoot = 'internal/python/'

/** Paths of its files, such as `fluxlit/__init__.py`. */
function packageNames(): readonly string[] {
  const names = isSea()
    ? getAssetKeys().filter((name) => name.startsWith(`${packageRoot}fluxlit/`))
    : readdirSync(new URL(`../../${packageRoot}fluxlit`, import.meta.url), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath.slice(entry.parentPath.indexOf(packageRoot))}/${entry.name}`)
  return names.map((name) => name.slice(packageRoot.length)).filter((name) => !name.includes('__pycache__'))
}

/** The command line that starts this program again: the executable alone, or Node with the main module. */
export function ownCommand(): readonly [string, ...string[]] {
  const [, main = ''] = process.argv
  return isSea() ? [process.execPath] : [process.execPath, main]
}
