/** Finding a Python interpreter, at configuration time and again for every generation of a worker. */

import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import type { PythonChoice } from './config.ts'

/** Where to look. Paths absolute. */
export interface PythonPlaces {
  readonly cwd: string
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** This program; the one that runs unless it is given. */
  readonly executable?: string
}

type Look = 'usable' | 'missing' | 'directory' | 'not executable'

/**
 * Finds the interpreter of a Python worker. With an explicit choice only that is tried: a path (relative to
 * `root`), a command on PATH, or the directory of a virtual environment. Otherwise VIRTUAL_ENV, `.venv` in
 * `cwd` and in `root`, the environment FluxLit was installed into, `python3` and `python` on PATH. Symbolic links are kept: Python finds its virtual
 * environment by the path it was started with.
 *
 * @returns the absolute path, or the problem with every place that was looked at
 */
export function findPython(choice: PythonChoice, places: PythonPlaces): { readonly path: string } | Problem {
  return choice.path === null ? search(choice, places) : explicit(choice.path, choice, places)
}

/** Tells the two outcomes of {@link findPython} apart. */
export function isPythonFound(
  result: { readonly path: string } | Problem,
): result is { readonly path: string } {
  return 'path' in result
}

function explicit(wanted: string, choice: PythonChoice, places: PythonPlaces): { path: string } | Problem {
  if (!wanted.includes('/')) return onPath(wanted, choice, places)
  const path = isAbsolute(wanted) ? wanted : resolve(places.root, wanted)
  const inside = look(path) === 'directory' ? pythonIn(path) : path
  const state = look(inside)
  if (state === 'usable') return { path: inside }
  if (state === 'not executable') return notExecutable(inside, choice)
  if (inside !== path) {
    return problem(
      'python_not_found',
      `there is no interpreter in the virtual environment ${path}`,
      choice,
      `create it: python3 -m venv ${path}`,
      [inside],
    )
  }
  return problem(
    'python_not_found',
    `the interpreter does not exist: ${path}`,
    choice,
    'correct `python`, or leave it out to use VIRTUAL_ENV, .venv or python3',
  )
}

function onPath(command: string, choice: PythonChoice, places: PythonPlaces): { path: string } | Problem {
  // A bare name may also be a virtual environment next to the configuration.
  const directory = resolve(places.root, command)
  const candidates = [
    ...pathEntries(places.env, command),
    ...(look(directory) === 'directory' ? [pythonIn(directory)] : []),
  ]
  const usable = candidates.find((candidate) => look(candidate) === 'usable')
  if (usable !== undefined) return { path: usable }
  const blocked = candidates.find((candidate) => look(candidate) === 'not executable')
  if (blocked !== undefined) return notExecutable(blocked, choice)
  return problem(
    'python_not_found',
    `there is no command "${command}" on PATH`,
    choice,
    'write the path of the interpreter, or install it',
    [`PATH=${places.env['PATH'] ?? ''}`],
  )
}

function search(choice: PythonChoice, places: PythonPlaces): { path: string } | Problem {
  const looked: string[] = []
  for (const [name, candidate] of candidatesIn(places)) {
    const state = look(candidate)
    if (state === 'usable') return { path: candidate }
    looked.push(`${name}: ${candidate} (${state === 'missing' ? 'not found' : state})`)
  }
  return problem(
    'python_not_found',
    'no Python interpreter was found',
    choice,
    `create a virtual environment in ${join(places.root, '.venv')}, or name an interpreter with \`python\``,
    looked,
  )
}

function* candidatesIn(places: PythonPlaces): Generator<readonly [name: string, path: string]> {
  const active = places.env['VIRTUAL_ENV']
  if (active !== undefined && active !== '') yield ['VIRTUAL_ENV', pythonIn(active)]
  yield ['.venv', pythonIn(join(places.cwd, '.venv'))]
  if (places.root !== places.cwd) yield ['.venv', pythonIn(join(places.root, '.venv'))]
  const own = dirname(dirname(places.executable ?? process.execPath))
  if (hasApps(own)) yield ['environment of fluxlit', pythonIn(own)]
  for (const command of ['python3', 'python']) {
    for (const path of pathEntries(places.env, command)) yield [`${command} on PATH`, path]
  }
}

/**
 * Whether `pip install` put the apps' libraries beside this program. An environment for the program alone, as pipx makes
 * it, runs no app.
 */
function hasApps(environment: string): boolean {
  if (!existsSync(join(environment, 'pyvenv.cfg'))) return false
  const libraries = join(environment, 'lib')
  const versions = existsSync(libraries) ? readdirSync(libraries) : []
  return versions.some((version) =>
    ['uvicorn', 'streamlit'].some((name) => existsSync(join(libraries, version, 'site-packages', name))),
  )
}

function pythonIn(environment: string): string {
  const python = join(environment, 'bin', 'python')
  // Some tools make only `python3`.
  return look(python) === 'missing' && look(join(environment, 'bin', 'python3')) === 'usable'
    ? join(environment, 'bin', 'python3')
    : python
}

function pathEntries(env: Readonly<Record<string, string | undefined>>, command: string): readonly string[] {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((entry) => isAbsolute(entry))
    .map((entry) => join(entry, command))
}

function look(path: string): Look {
  try {
    if (statSync(path).isDirectory()) return 'directory'
    accessSync(path, constants.X_OK)
    return 'usable'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'not executable' : 'missing'
  }
}

function notExecutable(path: string, choice: PythonChoice): Problem {
  return problem(
    'python_not_executable',
    `the interpreter is not executable: ${path}`,
    choice,
    `chmod +x ${path}, or choose another than ${basename(path)}`,
  )
}

function problem(
  code: string,
  message: string,
  choice: PythonChoice,
  hint: string,
  detail?: readonly string[],
): Problem {
  return { code, message, where: choice.where, hint, ...(detail === undefined ? {} : { detail }) }
}
