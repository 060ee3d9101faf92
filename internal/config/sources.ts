/** Which files the configuration comes from, and what is in them. */

import { basename, dirname, join, relative, resolve, sep } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import { checkIncluded } from './check.ts'
import { parseDotenv } from './dotenv.ts'
import type { Variable } from './environment.ts'
import { kindOfPath, readText } from './files.ts'
import { withListsOf } from './included-rules.ts'
import type { Layer } from './layer.ts'
import { parseToml, type Lines } from './toml.ts'
import { emptyTree, isTree, pathKey, valueAt, type Tree } from './tree.ts'

/** Everything read from disk before it is judged. */
export interface Sources {
  /** In order of rising precedence; included files just below the file that includes them. */
  readonly layers: readonly Layer[]
  /** Names of the files as shown, in the same order; empty = there is no file. */
  readonly names: readonly string[]
  /** Absolute directory of the first file, or the working directory. */
  readonly directory: string
  /** Absolute path of the first file, or the working directory. */
  readonly identity: string
  /** Variables of `.env` beside the first file. */
  readonly dotenv: readonly Variable[]
  readonly problems: readonly Problem[]
}

const standardName = 'fluxlit.toml'
const projectName = 'pyproject.toml'

/**
 * Reads the files given with `-c`, or `fluxlit.toml`, or `[tool.fluxlit]` of `pyproject.toml`.
 *
 * @param cwd absolute working directory
 * @param files as written by the user; relative ones against `cwd`
 */
export function readSources(cwd: string, files: readonly string[]): Sources {
  const reader = new SourceReader(cwd)
  const chosen = chosenFiles(cwd, files)
  for (const file of chosen) reader.read(file)
  const identity = instanceKeyOf(cwd, chosen)
  const directory = chosen[0] === undefined ? cwd : dirname(identity)
  const dotenv = reader.dotenv(directory)
  return {
    layers: reader.layers,
    names: reader.names,
    directory,
    identity,
    dotenv,
    problems: reader.problems,
  }
}

/**
 * `Config.instanceKey` without loading the configuration: by it a command finds the gateway that was started with
 * the same file. The path is taken as written, symbolic links included.
 *
 * @param cwd absolute working directory
 * @param files as for {@link readSources}; they need not exist
 */
export function instanceKey(cwd: string, files: readonly string[]): string {
  return instanceKeyOf(cwd, chosenFiles(cwd, files))
}

function instanceKeyOf(cwd: string, [first]: readonly string[]): string {
  return first === undefined ? cwd : resolve(cwd, first)
}

/** The files that count: those given, or the standard ones that are there. */
function chosenFiles(cwd: string, files: readonly string[]): readonly string[] {
  if (files.length > 0) return files
  if (kindOfPath(join(cwd, standardName)) !== 'missing') return [standardName]
  const project = readText(join(cwd, projectName))
  return project.kind === 'text' && mentionsFluxlit(project.text) ? [projectName] : []
}

/** A file to be read: how it is called, where it is, and which files led to it. */
interface Wanted {
  readonly name: string
  readonly path: string
  /** Absolute paths of the files that include it, outermost first. */
  readonly chain: readonly string[]
  /** Where it is asked for; absent for `-c`. */
  readonly where?: string
}

class SourceReader {
  readonly layers: Layer[] = []
  readonly names: string[] = []
  readonly problems: Problem[] = []
  readonly #cwd: string

  constructor(cwd: string) {
    this.#cwd = cwd
  }

  /** Reads one file given on the command line or found. */
  read(file: string): void {
    this.#readFile({
      name: this.#shown(resolve(this.#cwd, file), file),
      path: resolve(this.#cwd, file),
      chain: [],
    })
  }

  /** Variables of `.env` in a directory; none when there is no such file. */
  dotenv(directory: string): readonly Variable[] {
    const path = join(directory, '.env')
    const name = this.#shown(path, path)
    // A directory of that name is somebody's virtual environment.
    if (kindOfPath(path) === 'missing' || kindOfPath(path) === 'directory') return []
    const file = readText(path)
    if (file.kind !== 'text') {
      const reason = file.kind === 'unreadable' ? file.reason : 'it vanished'
      this.problems.push({
        code: 'env_file_unreadable',
        message: `${name} cannot be read: ${reason}`,
        where: name,
        hint: 'make it readable, or remove it',
      })
      return []
    }
    const parsed = parseDotenv(file.text, name)
    this.problems.push(...parsed.problems)
    return parsed.entries.map((entry) => ({
      name: entry.name,
      value: entry.value,
      origin: `${name}:${entry.line}`,
    }))
  }

  /** @returns what it says, null when it could not be read */
  #readFile(wanted: Wanted): Layer | null {
    const file = readText(wanted.path)
    if (file.kind !== 'text') {
      this.problems.push(fileProblem(wanted, file.kind === 'missing' ? null : file.reason))
      return null
    }
    const parsed = parseToml(file.text, wanted.name)
    if (parsed.kind === 'problem') {
      this.problems.push(parsed.problem)
      return null
    }
    const layer = this.#layerOf(wanted, parsed.value, parsed.lines)
    if (layer === null) return null
    if (wanted.chain.length > 0) this.problems.push(...checkIncluded(layer))
    const whole = withListsOf(layer, this.#include(layer, wanted))
    this.layers.push(whole)
    this.names.push(wanted.name)
    return whole
  }

  #layerOf(wanted: Wanted, root: Tree, lines: Lines): Layer | null {
    const prefix = basename(wanted.path) === projectName ? ['tool', 'fluxlit'] : []
    const value = prefix.length === 0 ? root : valueAt(root, prefix)
    if (!isTree(value)) {
      const message = `${wanted.name} has no [tool.fluxlit] table`
      this.problems.push({
        code: 'no_table',
        message,
        where: wanted.where ?? wanted.name,
        hint: 'add [tool.fluxlit], or give another file with -c',
      })
      return null
    }
    return {
      kind: 'file',
      value: Object.assign(emptyTree(), value),
      directory: dirname(wanted.path),
      origin: (path) => `${wanted.name}:${lineOf(lines, [...prefix, ...path.map(String)])}`,
    }
  }

  /** Included files go below this one. A wrong `include` is left to the schema. */
  #include(layer: Layer, wanted: Wanted): readonly Layer[] {
    const files = layer.value['include']
    if (!Array.isArray(files)) return []
    const included: Layer[] = []
    for (const [index, file] of files.entries()) {
      if (typeof file !== 'string' || file === '') continue
      const path = resolve(dirname(wanted.path), file)
      const where = layer.origin(['include', String(index)])
      const chain = [...wanted.chain, wanted.path]
      if (chain.includes(path)) {
        this.problems.push(cycleProblem(file, where))
        continue
      }
      const read = this.#readFile({ name: this.#shown(path, path), path, chain, where })
      if (read !== null) included.push(read)
    }
    return included
  }

  /** Relative to the working directory where that is shorter to read, else as written. */
  #shown(path: string, written: string): string {
    const below = relative(this.#cwd, path)
    return below === '' || below === '..' || below.startsWith(`..${sep}`) ? written : below
  }
}

/** Whether it is worth being read as configuration: broken TOML in somebody else's table is not our problem. */
function mentionsFluxlit(text: string): boolean {
  const parsed = parseToml(text, projectName)
  if (parsed.kind === 'ok') return isTree(valueAt(parsed.value, ['tool', 'fluxlit']))
  return /^\s*\[\s*tool\s*\.\s*fluxlit\b/m.test(text)
}

function lineOf(lines: Lines, path: readonly string[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const line = lines.get(pathKey(path.slice(0, depth)))
    if (line !== undefined) return line
  }
  return 1
}

function fileProblem(wanted: Wanted, reason: string | null): Problem {
  const included = wanted.where !== undefined
  const message =
    reason === null ? `${wanted.name} does not exist` : `${wanted.name} cannot be read: ${reason}`
  const hint = included
    ? 'correct the path in `include`; it is relative to the file it stands in'
    : 'correct the path given with -c'
  const kind = reason === null ? 'missing' : 'unreadable'
  return { code: `${included ? 'include' : 'config'}_${kind}`, message, where: wanted.where ?? '-c', hint }
}

function cycleProblem(file: string, where: string): Problem {
  return {
    code: 'include_cycle',
    message: `"${file}" includes itself`,
    where,
    hint: 'remove one of the includes',
  }
}
