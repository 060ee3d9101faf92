/** Virtual environments: `.venv` with what the examples and the tests need of Python, `.venv-lowest` with the oldest. */

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { note, repository, SetupError } from '../shell/progress.mjs'
import { capture, must } from '../shell/run.mjs'
import { fingerprint, isStamped, stamp } from '../shell/stamp.mjs'

/** @typedef {{directory: string, requirements: readonly string[]}} Environment */

const requirements = ['examples/quickstart/requirements.txt', 'test/requirements.txt']
const candidates = ['python3', 'python', ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)]

/** The environment's directory. */
export const environment = join(repository, '.venv')

/** The environment with the oldest libraries that are supported. */
export const lowestEnvironment = join(repository, '.venv-lowest')

/** @returns {string} the interpreter inside an environment */
export function environmentPython(directory = environment) {
  return process.platform === 'win32'
    ? join(directory, 'Scripts', 'python.exe')
    : join(directory, 'bin', 'python')
}

/** @returns {Promise<string | null>} what was done, null when it was there */
export async function installPython() {
  return install({ directory: environment, requirements })
}

/** The same for the oldest libraries; only the tests of the Python package need them. */
export async function installLowestPython() {
  return install({ directory: lowestEnvironment, requirements: ['test/requirements-lowest.txt'] })
}

/** @param {Environment} wanted @returns {Promise<string | null>} */
async function install({ directory, requirements: files }) {
  const python = environmentPython(directory)
  const alive = existsSync(python) ? await versionOf(python) : null
  const mark = join(directory, 'fluxlit-setup.stamp')
  const wanted = `${fingerprint(files)}\n`
  if (alive !== null && isStamped(mark, wanted)) return null
  if (alive === null) await createEnvironment(directory)
  note('installing FastAPI, Uvicorn, Streamlit and what the tests use (about 100 MB the first time)')
  await must('pip install', python, pipArguments(files), {
    hint: 'the Python package index must be reachable the first time',
  })
  stamp(mark, wanted)
  return `packages installed with Python ${await versionOf(python)}`
}

/** @param {readonly string[]} requirementFiles */
function pipArguments(requirementFiles) {
  const files = requirementFiles
    .filter((file) => existsSync(join(repository, file)))
    .flatMap((file) => ['-r', file])
  return ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet', ...files]
}

/** @param {string} directory */
async function createEnvironment(directory) {
  const python = await findPython()
  note(`creating ${basename(directory)} with ${python}`)
  await must('python -m venv', python, ['-m', 'venv', '--clear', directory], {
    hint: 'on Debian and Ubuntu: apt-get install python3-venv',
  })
}

/** The first interpreter that is new enough; `PYTHON` in the environment comes before those on PATH. */
async function findPython() {
  const chosen = process.env['PYTHON']
  const seen = []
  for (const candidate of chosen ? [chosen] : candidates) {
    const version = await versionOf(candidate)
    if (version !== null && isNewEnough(version)) return candidate
    if (version !== null) seen.push(`${candidate} is ${version}`)
  }
  throw new SetupError(
    `no Python 3.10 or newer found (${seen.join(', ') || `looked for ${chosen ?? candidates.join(', ')}`})`,
    'install one (Debian, Ubuntu: apt-get install python3 python3-venv), or set PYTHON to its path',
  )
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 3 || (major === 3 && minor >= 10)
}

/** @param {string} python @returns {Promise<string | null>} `3.11.7`, null when it does not run */
async function versionOf(python) {
  const ended = await capture(python, ['-c', 'import platform; print(platform.python_version())']).catch(
    () => null,
  )
  return ended?.status === 0 ? ended.output.trim() : null
}
