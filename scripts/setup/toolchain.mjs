/**
 * The pinned Node: fetched as an npm package, compared with the hash in config/node.json, and on Linux freed of
 * its need for libatomic, so that it also runs where that library is missing.
 */

import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { patchLibatomic } from '../elf/libatomic.mjs'
import { note, repository, SetupError } from '../shell/progress.mjs'
import { must } from '../shell/run.mjs'
import { fingerprint, isStamped, stamp } from '../shell/stamp.mjs'

/** @typedef {{package: string, binary: string, sha256: string}} Pin */

const directory = join(repository, '.toolchain')

/** @returns {string} the target this machine is, `linux-x64`; not necessarily one we know */
export function hostTarget() {
  return `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
}

/** @param {string} [target] @returns {string} where the Node to run is, or will be after {@link installNode} */
export function nodePath(target = hostTarget()) {
  return join(directory, target, target.startsWith('win') ? 'node.exe' : 'node')
}

/** @param {string} target @returns {string} the Node exactly as it was published */
export function publishedNodePath(target) {
  const pin = pinOf(target)
  return join(directory, 'npm', target, 'node_modules', pin.package, pin.binary)
}

/** @returns {string} the version of Node that is pinned, without `v` */
export function nodeVersion() {
  return readPins().version
}

/**
 * @param {string} [target]
 * @returns {Promise<string | null>} what was done, null when it was there
 * @throws {SetupError} for an unknown target, an unreachable registry, or bytes that are not the pinned ones
 */
export async function installNode(target = hostTarget()) {
  const pin = pinOf(target)
  const path = nodePath(target)
  const made = `${pin.sha256} ${fingerprint(['scripts/elf'])}\n`
  if (existsSync(path) && isStamped(`${path}.stamp`, made)) return null
  if (!isPublished(target, pin)) await fetch(target, pin)
  mkdirSync(dirname(path), { recursive: true })
  const outcome = copyWithoutLibatomic(publishedNodePath(target), path, target)
  stamp(`${path}.stamp`, made)
  return `Node ${nodeVersion()} for ${target}, ${outcome}`
}

/**
 * Copies a binary, for Linux without its need for libatomic.
 * @param {string} from @param {string} to replaced at once, never half written @param {string} target
 * @returns {string} what was done to it
 * @throws {SetupError} when the binary is not one the patch knows
 */
function copyWithoutLibatomic(from, to, target) {
  const next = `${to}.${process.pid}.new`
  let outcome = 'unchanged'
  if (target.startsWith('linux')) {
    const bytes = readFileSync(from)
    outcome = `libatomic ${patchOrExplain(from, bytes)}`
    writeFileSync(next, bytes)
  } else {
    copyFileSync(from, next)
  }
  chmodSync(next, 0o755)
  renameSync(next, to)
  return outcome
}

/** @param {string} file @param {Buffer} bytes */
function patchOrExplain(file, bytes) {
  try {
    return patchLibatomic(bytes)
  } catch (error) {
    throw new SetupError(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** @param {string} target @param {Pin} pin */
async function fetch(target, pin) {
  note(`fetching ${pin.package}@${nodeVersion()} (about 50 MB)`)
  const prefix = join(directory, 'npm', target)
  rmSync(prefix, { recursive: true, force: true })
  mkdirSync(prefix, { recursive: true })
  // --force: npm refuses packages of another platform, which is what a cross build is about.
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--force', '--prefer-offline']
  await must(
    'fetching Node',
    'npm',
    ['install', '--prefix', prefix, ...options, `${pin.package}@${nodeVersion()}`],
    {
      hint: 'the npm registry must be reachable the first time; try `npm ping`',
    },
  )
  if (!isPublished(target, pin)) {
    throw new SetupError(
      `${publishedNodePath(target)} is not the binary pinned in config/node.json (${pin.sha256})`,
    )
  }
}

/** @param {string} target @param {Pin} pin */
function isPublished(target, pin) {
  const path = publishedNodePath(target)
  return existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === pin.sha256
}

/** @param {string} target @returns {Pin} */
function pinOf(target) {
  const { targets, version } = readPins()
  const pin = targets[target]
  if (pin !== undefined) return pin
  throw new SetupError(`no Node ${version} is known for ${target}; known: ${Object.keys(targets).join(', ')}`)
}

/** @returns {{version: string, targets: Record<string, Pin>}} */
function readPins() {
  return JSON.parse(readFileSync(join(repository, 'config', 'node.json'), 'utf8'))
}
