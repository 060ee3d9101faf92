/** Finding out what to serve when there is no configuration, by reading sources, never by running them. */

import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import { kindOfPath, readText } from './files.ts'
import { scanPython, type PythonSource } from './python-source.ts'
import { parseToml } from './toml.ts'
import { parseApp } from './worker-schema.ts'
import { valueAt } from './tree.ts'

/** One worker that was found. */
export interface DetectedWorker {
  readonly name: 'api' | 'ui'
  /** Keys of its table. */
  readonly keys: Readonly<Record<string, string>>
  /** `detected in main.py`. */
  readonly origin: string
  /** `api: main:app (FastAPI in main.py)`. */
  readonly words: string
}

/** What was found: an application object, or workers. */
export type Found =
  | {
      readonly kind: 'target'
      readonly target: string
      /** `detected in app.py`. */
      readonly origin: string
    }
  | { readonly kind: 'workers'; readonly workers: readonly DetectedWorker[] }

/** What was found, or what to do about finding nothing. */
export type Detection = Found | { readonly kind: 'problem'; readonly problem: Problem }

/** Where FastAPI's own command looks, in its order. */
const apiFiles = ['main.py', 'app.py', 'api.py', 'app/main.py', 'app/app.py', 'app/api.py']
const scriptFiles = ['streamlit_app.py', 'app.py', 'main.py', 'ui.py', 'Home.py']

/** A Python program is text that people wrote; anything larger is not looked at. */
const largestSource = 1024 * 1024

/** Looks into a directory (absolute). */
export function detect(directory: string): Detection {
  const sources = new Sources(directory)
  const fluxlit = sources.known().find((file) => (sources.scan(file)?.fluxlitNames.length ?? 0) > 0)
  if (fluxlit !== undefined) {
    const name = usualName(sources.scan(fluxlit)?.fluxlitNames ?? [])
    return { kind: 'target', target: targetOf(directory, fluxlit, name), origin: `detected in ${fluxlit}` }
  }
  const api = detectApi(sources)
  const scripts = detectScripts(sources, api?.file ?? null)
  const [script] = scripts
  const ui = script === undefined || scripts.length > 1 ? null : uiWorker(script)
  const workers = [api?.worker ?? null, ui].filter((worker) => worker !== null)
  return workers.length > 0
    ? { kind: 'workers', workers }
    : { kind: 'problem', problem: nothingToServe(directory, scripts) }
}

/** The files of a directory, each read at most once. */
class Sources {
  readonly directory: string
  readonly #scans = new Map<string, PythonSource | null>()

  constructor(directory: string) {
    this.directory = directory
  }

  /** Every file that could be chosen: the usual names, then all `*.py` of the directory. */
  known(): readonly string[] {
    return [...new Set([...apiFiles, ...scriptFiles, ...this.modules()])]
  }

  modules(): readonly string[] {
    try {
      return readdirSync(this.directory)
        .filter((name) => name.endsWith('.py') && !name.startsWith('.'))
        .toSorted()
    } catch {
      return []
    }
  }

  scan(file: string): PythonSource | null {
    const known = this.#scans.get(file)
    if (known !== undefined) return known
    const path = join(this.directory, file)
    const readable = kindOfPath(path) === 'file' && statSync(path).size <= largestSource
    const text = readable ? readText(path) : null
    const scanned = text?.kind === 'text' ? scanPython(text.text) : null
    this.#scans.set(file, scanned)
    return scanned
  }
}

function detectApi(sources: Sources): { file: string | null; worker: DetectedWorker } | null {
  const entrypoint = fastapiEntrypoint(sources.directory)
  if (entrypoint !== null) {
    const module = (entrypoint.split(':')[0] ?? '').replaceAll('.', '/')
    const file = [`${module}.py`, `${module}/__init__.py`].find(
      (path) => kindOfPath(join(sources.directory, path)) === 'file',
    )
    return {
      file: file ?? null,
      worker: apiWorker({ app: entrypoint }, 'pyproject.toml', 'entrypoint of [tool.fastapi]'),
    }
  }
  for (const file of apiFiles) {
    const names = sources.scan(file)?.fastapiNames ?? []
    if (names.length === 0) continue
    const keys = importOf(sources.directory, file, usualName(names))
    return { file, worker: apiWorker(keys, file, `FastAPI in ${file}`) }
  }
  return null
}

/** Of several objects in a file. */
function usualName(names: readonly string[]): string {
  return ['app', 'api'].find((usual) => names.includes(usual)) ?? names[0] ?? 'app'
}

/** A file below the directory is named as a module where it is part of a package: it may import its siblings. */
function targetOf(directory: string, file: string, name: string): string {
  const isPart = kindOfPath(join(directory, dirname(file), '__init__.py')) === 'file'
  return dirname(file) === '.' || isPart
    ? (importOf(directory, file, name)['app'] ?? '')
    : `./${file}:${name}`
}

function fastapiEntrypoint(directory: string): string | null {
  const file = readText(join(directory, 'pyproject.toml'))
  const parsed = file.kind === 'text' ? parseToml(file.text, 'pyproject.toml') : null
  const value = parsed?.kind === 'ok' ? valueAt(parsed.value, ['tool', 'fastapi', 'entrypoint']) : null
  return typeof value === 'string' && parseApp(value).kind === 'ok' ? value : null
}

/** As FastAPI does it: the import starts above the outermost directory with an `__init__.py`. */
function importOf(directory: string, file: string, name: string): Readonly<Record<string, string>> {
  let base = dirname(join(directory, file))
  const modules = [basename(file, '.py')]
  while (kindOfPath(join(base, '__init__.py')) === 'file' && dirname(base) !== base) {
    modules.unshift(basename(base))
    base = dirname(base)
  }
  const cwd = relative(directory, base)
  return { app: `${modules.join('.')}:${name}`, ...(cwd === '' ? {} : { cwd }) }
}

function apiWorker(keys: Readonly<Record<string, string>>, file: string, reason: string): DetectedWorker {
  return { name: 'api', keys, origin: `detected in ${file}`, words: `api: ${keys['app']} (${reason})` }
}

/** The script, or every candidate when the choice is not clear; a file is never two workers. */
function detectScripts(sources: Sources, apiFile: string | null): readonly string[] {
  const isScript = (file: string): boolean =>
    file !== apiFile && sources.scan(file)?.importsStreamlit === true
  const usual = scriptFiles.find(isScript)
  return usual === undefined ? sources.modules().filter(isScript) : [usual]
}

function uiWorker(script: string): DetectedWorker {
  return {
    name: 'ui',
    keys: { script },
    origin: `detected in ${script}`,
    words: `ui: ${script} (imports streamlit)`,
  }
}

/** A detection in words, one line per worker. */
export function wordsOf(found: Found): readonly string[] {
  if (found.kind === 'workers') return found.workers.map((worker) => worker.words)
  return [`target: ${found.target} (FluxLit, ${found.origin.replace(/^detected /, '')})`]
}

/** The TOML that says the same as a detection. */
export function detectedToml(found: Found): readonly string[] {
  if (found.kind === 'target') return [`target = ${JSON.stringify(found.target)}`]
  return found.workers.flatMap((worker) => [
    `[workers.${worker.name}]`,
    ...Object.entries(worker.keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ])
}

function nothingToServe(directory: string, scripts: readonly string[]): Problem {
  const found = scripts.length > 1 ? `; several files import streamlit (${scripts.join(', ')})` : ''
  return {
    code: 'nothing_to_serve',
    message: `there is no fluxlit.toml in ${directory}, and no FastAPI or Streamlit file to start from${found}`,
    hint: 'put lines like these into fluxlit.toml',
    detail: [
      '[workers.api]',
      'app = "main:app"',
      '[workers.ui]',
      `script = ${JSON.stringify(scripts[0] ?? 'streamlit_app.py')}`,
    ],
  }
}
