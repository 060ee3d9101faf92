/** What `pyproject.toml` says of the Python package; the wheels of a release say the same. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser'

import { repository } from '../../shell/progress.mjs'

/** The part that is repeated. */
export interface Project {
  readonly summary: string
  /** Versions of Python, as a specifier. */
  readonly python: string
  /** What applications need, by the name of the extra. */
  readonly extras: Readonly<Record<string, readonly string[]>>
  readonly classifiers: readonly string[]
}

/** Reads it. */
export function readProject(): Project {
  const text = readFileSync(join(repository, 'internal', 'python', 'pyproject.toml'), 'utf8')
  const { project }: { project: Table } = JSON.parse(JSON.stringify(getStaticTOMLValue(parseTOML(text))))
  return {
    summary: project.description,
    python: project['requires-python'],
    extras: project['optional-dependencies'],
    classifiers: project.classifiers,
  }
}

interface Table {
  readonly 'requires-python': string
  readonly description: string
  readonly 'optional-dependencies': Readonly<Record<string, readonly string[]>>
  readonly classifiers: readonly string[]
}
