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

/** Text files below a directory of the repository, by their paths from there. @param directory ends in `/` */
export function embeddedBelow(directory: string): Readonly<Record<string, string>> {
  const names = isSea() ? getAssetKeys().filter((name) => name.startsWith(directory)) : namesBelow(directory)
  return Object.fromEntries(names.map((name) => [name.slice(directory.length), embedded(name)]))
}

function namesBelow(directory: string): readonly string[] {
  return readdirSync(new URL(`../../${directory}`, import.meta.url), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map(
      (entry) => `${entry.parentPath.slice(entry.parentPath.indexOf(directory.slice(0, -1)))}/${entry.name}`,
    )
}

/** The Python package that travels inside the executable. */
export function embeddedPackage(): PackageFiles {
  const files = embeddedBelow('internal/python/')
  const source = files['fluxlit/_version.py'] ?? ''
  const version = /^__version__\s*(?::[^=]*)?=\s*["']([^"']+)["']/m.exec(source)?.[1]
  if (version === undefined) throw new Error('the Python package has no version')
  const own = Object.entries(files).filter(([name]) => name.startsWith('fluxlit/'))
  return { version, files: Object.fromEntries(own) }
}

/** The command line that starts this program again: the executable alone, or Node with the main module. */
export function ownCommand(): readonly [string, ...string[]] {
  const [, main = ''] = process.argv
  return isSea() ? [process.execPath] : [process.execPath, main]
}
