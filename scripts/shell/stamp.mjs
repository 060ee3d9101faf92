/** Whether something was made from exactly these inputs: a hash of their content, kept beside what was made. */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { repository } from './progress.mjs'

/**
 * Hashes files and everything below directories. The order of a directory's listing, times and owners do not count.
 * @param {readonly string[]} paths relative to the repository, or absolute; what does not exist counts as absent
 * @param {readonly string[]} [facts] other inputs: versions, options
 * @returns {string} SHA-256, hexadecimal
 */
export function fingerprint(paths, facts = []) {
  const hash = createHash('sha256')
  for (const fact of facts) hash.update(`fact ${fact}\n`)
  for (const path of paths.flatMap(filesBelow)) {
    hash.update(
      `file ${path} ${createHash('sha256')
        .update(readFileSync(resolve(repository, path)))
        .digest('hex')}\n`,
    )
  }
  return hash.digest('hex')
}

/**
 * @param {string} path relative to the repository
 * @returns {string[]} the files at or below it, sorted; without Python's caches
 */
export function filesBelow(path) {
  const full = resolve(repository, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full)
    .filter((name) => name !== '__pycache__')
    .toSorted()
    .flatMap((name) => filesBelow(join(path, name)))
}

/** @param {string} file the stamp, absolute @param {string} content @returns {boolean} whether it says exactly this */
export function isStamped(file, content) {
  return existsSync(file) && readFileSync(file, 'utf8') === content
}

/** @param {string} file @param {string} content */
export function stamp(file, content) {
  writeFileSync(file, content)
}
