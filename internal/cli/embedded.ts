import { readFileSync } from 'node:fs'
import { getAsset, isSea } from 'node:sea'

/**
 * A text file that travels inside the executable; from source it is read from the repository.
 * @param name its path in the repository, such as `internal/python/bootstrap.py`; config/sea.json lists what is taken
 * @throws when there is no such file: a mistake in the build, not in what a user did
 */
export function embedded(name: string): string {
  return isSea() ? getAsset(name, 'utf8') : readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
}

/** The command line that starts this program again: the executable alone, or Node with the main module. */
export function ownCommand(): readonly [string, ...string[]] {
  const [, main = ''] = process.argv
  return isSea() ? [process.execPath] : [process.execPath, main]
}
