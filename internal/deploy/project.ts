/** What deployment files depend on besides the configuration: the files of the project. */

import { existsSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'

import type { Config } from '../config/config.ts'

/** How the packages of the project are written down. */
export type Requirements =
  | { readonly kind: 'uv' }
  | { readonly kind: 'pip'; readonly files: readonly string[] }
  | { readonly kind: 'project' }
  | { readonly kind: 'none' }

/** The facts about one project directory. */
export interface Project {
  /** Name as the user chose it, or that of the directory. */
  readonly name: string
  /** Absolute; what is copied into an image. */
  readonly root: string
  /** Configuration files relative to `root`, in order; empty when the apps were detected. */
  readonly configFiles: readonly string[]
  /** Application object named on the command line, which stands in no file; null = none. */
  readonly target: string | null
  readonly requirements: Requirements
  /** `3.13`. */
  readonly pythonVersion: string
  /** What `pythonVersion` was taken from, or null when nothing said it. */
  readonly pythonSource: string | null
  /** Absolute path of the executable, for units. */
  readonly executable: string
  /** Files with secrets in them that lie in the project, by their usual names, relative to `root`. */
  readonly private: readonly string[]
}

/** The newest version all of FastAPI, Streamlit and their usual companions have wheels for. */
const usualPython = '3.13'

/** What the command line says about a project. */
export interface Given {
  /** Null = that of the directory. */
  readonly name: string | null
  /** Application object of the command line; null = none. */
  readonly target: string | null
  /** Absolute paths of the files of `-c`; empty when there were none. */
  readonly configFiles: readonly string[]
  readonly executable: string
}

/** Looks at the directory of the configuration. */
export function readProject(config: Config, given: Given): Project {
  const { root } = config
  const python = pythonVersionOf(root)
  return {
    name: given.name ?? basename(root),
    root,
    configFiles: configFilesOf(config, given.configFiles).map((file) => relative(root, file)),
    target: given.target,
    requirements: requirementsOf(root),
    pythonVersion: python?.version ?? usualPython,
    pythonSource: python?.source ?? null,
    executable: given.executable,
    private: ['.env', '.streamlit/secrets.toml'].filter((file) => existsSync(join(root, file))),
  }
}

function configFilesOf({ sources, instanceKey }: Config, given: readonly string[]): readonly string[] {
  // Without a file the target was named, or the apps were found.
  if (sources.length === 0 || sources[0] === 'detected') return []
  return given.length > 0 ? given : [instanceKey]
}

function requirementsOf(root: string): Requirements {
  const has = (name: string): boolean => existsSync(join(root, name))
  if (has('uv.lock') && has('pyproject.toml')) return { kind: 'uv' }
  const files = ['requirements.lock', 'requirements.txt'].filter(has).slice(0, 1)
  if (files.length > 0) return { kind: 'pip', files }
  return /^\s*dependencies\s*=/m.test(textOf(join(root, 'pyproject.toml')))
    ? { kind: 'project' }
    : { kind: 'none' }
}

/** What the project is developed with: an image with another minor version could lack packages. */
function pythonVersionOf(root: string): { readonly version: string; readonly source: string } | null {
  const places = [
    { source: '.python-version', pattern: /^(3\.\d+)/m },
    { source: '.venv/pyvenv.cfg', pattern: /^version(?:_info)?\s*=\s*(3\.\d+)/m },
  ]
  for (const { source, pattern } of places) {
    const version = pattern.exec(textOf(join(root, source)))?.[1]
    if (version !== undefined) return { version, source }
  }
  return null
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
