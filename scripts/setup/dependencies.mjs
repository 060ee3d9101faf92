/** node_modules as package-lock.json has them. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository, SetupError } from '../shell/progress.mjs'
import { must } from '../shell/run.mjs'

/** @typedef {Record<string, {version?: string, optional?: boolean}>} Packages */

/**
 * @returns {Promise<string | null>} what was done, null when everything was there
 * @throws {SetupError} when the registry cannot be reached, or gave something else than what is locked
 */
export async function installDependencies() {
  const missing = staleDependencies()
  if (missing.length === 0) return null
  // Not `npm ci`: it refuses a lock file without the builds of some tools for other platforms, which do not exist
  // in every registry. This installs what is locked, too, and --no-save leaves both files alone.
  const options = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline']
  await must('npm install', 'npm', ['install', ...options], {
    hint: 'the npm registry must be reachable (or its packages cached) the first time; try `npm ping`',
  })
  const left = staleDependencies()
  if (left.length > 0) throw new SetupError(`npm did not install the locked ${left.join(', ')}`)
  return `installed, because of ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', ...' : ''}`
}

/** Packages whose installed version is not the locked one. npm keeps a record of what it installed. */
function staleDependencies() {
  const installed = packagesOf(join(repository, 'node_modules', '.package-lock.json'))
  return Object.entries(packagesOf(join(repository, 'package-lock.json')))
    .filter(
      ([path, locked]) =>
        path !== '' && locked.optional !== true && installed[path]?.version !== locked.version,
    )
    .map(([path]) => path.replace(/^node_modules\//, ''))
}

/** @param {string} file @returns {Packages} */
function packagesOf(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {}
}
