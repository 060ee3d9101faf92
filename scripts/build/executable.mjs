/** The single executable: the pinned Node with the bundle and the assets inside (Node's SEA). */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { patchLibatomic } from '../elf/libatomic.mjs'
import { strip } from '../elf/strip.mjs'
import { signAdHoc } from '../macho/sign.mjs'
import { unsign } from '../pe/unsign.mjs'
import { hostTarget, installNode, nodePath, publishedNodePath } from '../setup/toolchain.mjs'
import { repository, SetupError } from '../shell/progress.mjs'
import { capture, must } from '../shell/run.mjs'
import { filesBelow, fingerprint, isStamped, stamp } from '../shell/stamp.mjs'
import { buildFacts, bundle } from './bundle.mjs'
import { libraryAssets } from './libraries.mjs'
import { buildPage, pageName } from './page.mjs'

const sources = [
  'cmd',
  'internal',
  'config',
  'package-lock.json',
  'scripts/build',
  'scripts/elf',
  'scripts/macho',
  'scripts/pe',
  'scripts/setup',
]

/** @typedef {{entry?: string, output?: string, force?: boolean}} BuildOptions */

/**
 * Builds the executable for this machine when its sources changed.
 * @param {BuildOptions} [options] entry: another main module than the product's (tests); output: absolute path
 * @returns {Promise<string | null>} what was done, null when it was up to date
 * @throws {SetupError} with the tool's last lines, or when the result does not run
 */
export async function build({ entry = 'cmd/fluxlit/main.ts', output = defaultOutput(), force = false } = {}) {
  const target = hostTarget()
  const facts = await buildFacts(target)
  const inputs = `${fingerprint([...sources, entry], Object.values(facts))}\n`
  const mark = `${output}.stamp`
  if (!force && existsSync(output) && isStamped(mark, inputs)) return null
  await installNode(target)
  // Beside the output and not in /tmp, so that the last rename cannot cross file systems.
  const work = `${output}.${process.pid}.work`
  mkdirSync(work, { recursive: true })
  try {
    await bundle(entry, join(work, 'fluxlit.mjs'), facts)
    const made = join(work, basename(output))
    await assemble(work, made, target)
    await smoke(made, facts.version)
    keep(work, output)
    stamp(mark, inputs)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return `${facts.version} (${facts.commit}) for ${target}`
}

/** `dist/fluxlit`, with the system's suffix for executables. */
export function defaultOutput() {
  return join(repository, 'dist', process.platform === 'win32' ? 'fluxlit.exe' : 'fluxlit')
}

/**
 * The Node of a target with the bundle inside. Any target's can be made here: the machine's own Node, which is of the
 * same version, does it.
 * @param {string} directory with `fluxlit.mjs`, the bundle, in it
 * @param {string} result absolute path inside that directory
 * @param {string} target such as `linux-arm64`; its Node is there already
 * @throws {SetupError} when that Node is not one we know to prepare
 */
export async function assemble(directory, result, target) {
  const base = await baseExecutable(target)
  await buildPage(join(directory, basename(pageName)))
  writeFileSync(
    join(directory, 'sea.json'),
    JSON.stringify(seaConfig(base, result, target, libraryAssets(directory)), null, 2),
  )
  // The code cache depends on V8's hash seed. This flag fixes it, and two builds give the same bytes; unlike
  // --hash-seed it is not among the flags a cache is rejected for at run time, where the seed stays random.
  const flags = ['--random-seed=1', '--build-sea', 'sea.json']
  // Run inside the directory with a relative name: the executable must not remember where it was built.
  await must('node --build-sea', nodePath(), flags, { cwd: directory })
  if (target.startsWith('darwin')) change(result, result, (bytes) => signAdHoc(bytes, 'fluxlit'))
}

/**
 * @param {string} executable absolute path of the Node to fill
 * @param {string} output absolute path
 * @param {string} target
 * @param {Record<string, string>} libraries
 */
function seaConfig(executable, output, target, libraries) {
  const settings = JSON.parse(readFileSync(join(repository, 'config', 'sea.json'), 'utf8'))
  return {
    ...settings,
    main: 'fluxlit.mjs',
    executable,
    output: basename(output),
    // Bound to processor and system: on another one every start would warn that it is rejected.
    useCodeCache: target === hostTarget(),
    assets: { ...assets(settings.assets), ...libraries, [pageName]: basename(pageName) },
  }
}

/**
 * Every asset under the name it has in the repository.
 * @param {readonly string[]} paths files and directories
 */
function assets(paths) {
  const files = paths.flatMap(filesBelow)
  return Object.fromEntries(files.map((file) => [file, join(repository, file)]))
}

/**
 * The Node that becomes the executable: on Linux without symbols (a fifth smaller) and without libatomic, on Windows
 * without the signature of its publisher.
 * @param {string} target
 * @returns {Promise<string>} absolute path
 */
export async function baseExecutable(target) {
  const published = publishedNodePath(target)
  const prepare = preparations[target.split('-')[0] ?? '']
  if (prepare === undefined) return published
  const base = `${nodePath(target)}-prepared`
  const made = fingerprint(['config/node.json', 'scripts/elf', 'scripts/pe', 'scripts/build'])
  if (existsSync(base) && isStamped(`${base}.stamp`, made)) return base
  change(published, base, prepare)
  stamp(`${base}.stamp`, made)
  return base
}

/** @type {Readonly<Record<string, (bytes: Buffer) => Buffer>>} */
const preparations = {
  linux(bytes) {
    // In this order, because the patch uses bytes no section speaks of.
    const stripped = strip(bytes)
    patchLibatomic(stripped)
    return stripped
  },
  win: unsign,
}

/**
 * @param {string} from @param {string} to replaced at once, never half written
 * @param {(bytes: Buffer) => Buffer} work
 */
function change(from, to, work) {
  const next = `${to}.${process.pid}.new`
  try {
    writeFileSync(next, work(readFileSync(from)), { mode: 0o755 })
  } catch (error) {
    rmSync(next, { force: true })
    throw new SetupError(`${from}: ${error instanceof Error ? error.message : String(error)}`)
  }
  renameSync(next, to)
}

/**
 * @param {string} executable @param {string} version it must name
 * @throws {SetupError} when it does not run
 */
async function smoke(executable, version) {
  // Nothing inherited: a machine without Node, and without anything that points to one.
  const ended = await capture(executable, ['--version'], { env: {} })
  if (ended.status === 0 && ended.output.includes(version) && !ended.output.includes('Warning')) return
  throw new SetupError(
    `the new executable does not run: --version ended with ${ended.status}\n${ended.output}`,
  )
}

/** The bundle's map and list of inputs stay beside the executable: for reading traces and for the bill of materials. */
function keep(/** @type {string} */ work, /** @type {string} */ output) {
  for (const suffix of ['', '.map', '.meta.json']) {
    renameSync(join(work, `fluxlit.mjs${suffix}`), `${output}.mjs${suffix}`)
  }
  // Beside the product it is also what a gateway serves that runs from source.
  if (output === defaultOutput()) renameSync(join(work, basename(pageName)), join(repository, pageName))
  renameSync(join(work, basename(output)), output)
}
