/** What a changed file means for the workers. */

import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Config, WorkerConfig } from '../../config/config.ts'

/** Whose Python files matter: the API's, the interface's (instead of Streamlit's own reload), or all. */
export type ReloadScope = 'api' | 'ui' | 'all'

/** What kind of file changed; `streamlit` is its configuration, which it reads only when it starts. */
export type ChangeKind = 'python' | 'configuration' | 'environment' | 'dependencies' | 'streamlit'

/** What follows from a change. `because` names the files, for people. */
export type Reaction =
  | { readonly kind: 'none' }
  | { readonly kind: 'restart'; readonly workers: readonly string[]; readonly because: string }
  /** Read the configuration again; `everything` also restarts the workers it leaves as they are. */
  | { readonly kind: 'reload'; readonly everything: boolean; readonly because: string }

/** The files a configuration depends on. Paths absolute. */
export interface Project {
  readonly workers: readonly WorkerConfig[]
  readonly configFiles: ReadonlySet<string>
  readonly envFiles: ReadonlySet<string>
  /** What paths are shown relative to. */
  readonly root: string
}

/** Directories in which nothing is the user's to edit. */
const excludedNames: ReadonlySet<string> = new Set(
  (
    '.git .hg .svn .idea .vscode .venv venv site-packages node_modules __pycache__ dist build .eggs .tox .nox ' +
    '.cache .ipynb_checkpoints .mypy_cache .pytest_cache .ruff_cache .hypothesis'
  ).split(' '),
)

const dependencyFile =
  /^((dev-|test-)?requirements.*\.(txt|in)|constraints.*\.txt|pyproject\.toml|Pipfile|.+\.lock|environment\.ya?ml)$/
const environmentFile = /^\.env(\.(?!example$|sample$|template$).+)?$/

/** Whether a path (relative to what is watched) is left out, with everything below it. */
export function isExcluded(path: string): boolean {
  return path.split(sep).some((name) => excludedNames.has(name) || name.endsWith('.egg-info'))
}

/** The project of a configuration. @param cwd absolute; `Config.sources` are relative to it */
export function projectOf(config: Config, cwd: string): Project {
  const envFiles = config.workers.flatMap((worker) => {
    const file = worker.kind !== 'static' && worker.run.kind !== 'url' ? worker.run.envSources.file : null
    return file === null ? [] : [file.path]
  })
  return {
    workers: config.workers,
    // Where the apps were only found, a file that says what to run may still be written.
    configFiles: new Set([...config.sources, 'fluxlit.toml'].map((name) => resolve(cwd, name))),
    envFiles: new Set(envFiles),
    root: config.root,
  }
}

/** What kind of change a path is; null when it means nothing to the workers. */
export function kindOfChange(path: string, project: Project): ChangeKind | null {
  const name = basename(path)
  if (project.configFiles.has(path)) return 'configuration'
  if (project.envFiles.has(path) || environmentFile.test(name)) return 'environment'
  if (isDependencyFile(path)) return 'dependencies'
  if (name === 'config.toml' && basename(dirname(path)) === '.streamlit') return 'streamlit'
  // Emacs marks a file that is being edited with a link of this name.
  return name.endsWith('.py') && !name.startsWith('.#') ? 'python' : null
}

/**
 * What follows from these changes together.
 *
 * @param down names of workers that do not run: a change may be what they wait for
 */
export function reactionTo(
  paths: readonly string[],
  project: Project,
  scope: ReloadScope,
  down: ReadonlySet<string> = new Set(),
): Reaction {
  const changes = paths.flatMap((path): Change[] => {
    const kind = kindOfChange(path, project)
    return kind === null ? [] : [{ path, kind }]
  })
  if (changes.some(({ kind }) => kind === 'configuration' || kind === 'environment')) {
    const everything = changes.some(({ path, kind }) => kind === 'environment' || isDependencyFile(path))
    return { kind: 'reload', everything, because: `${shown(changes, project.root)} changed` }
  }
  const started = project.workers.filter(isStarted)
  const counts = (worker: Started, change: Change): boolean =>
    concerns(worker, change, project, down.has(worker.name) ? 'all' : scope)
  const workers = started.filter((worker) => changes.some((change) => counts(worker, change)))
  if (workers.length === 0) return { kind: 'none' }
  const reasons = changes.filter((change) => workers.some((worker) => counts(worker, change)))
  const because = `${shown(reasons, project.root)} changed`
  return { kind: 'restart', workers: workers.map(({ name }) => name), because }
}

interface Change {
  readonly path: string
  readonly kind: ChangeKind
}

type Started = Exclude<WorkerConfig, { kind: 'static' }>

function isDependencyFile(path: string): boolean {
  return dependencyFile.test(basename(path))
}

function isStarted(worker: WorkerConfig): worker is Started {
  return worker.kind !== 'static' && worker.run.kind !== 'url'
}

function concerns(worker: Started, { path, kind }: Change, project: Project, scope: ReloadScope): boolean {
  if (kind === 'dependencies') return true
  if (kind === 'streamlit') return worker.kind === 'streamlit'
  if (!sourcesOf(worker).some((directory) => isBelow(path, directory))) return false
  if (scope === 'all') return true
  if (scope === 'ui') return worker.kind === 'streamlit'
  return worker.kind === 'uvicorn' && !isPage(path, project)
}

/** Directories with the sources of a worker, absolute. */
export function sourcesOf(worker: WorkerConfig): readonly string[] {
  if (worker.kind === 'static' || worker.run.kind === 'url') return []
  const { cwd } = worker.run
  const target = worker.run.kind === 'spawn' ? worker.run.target : null
  return [cwd, ...(target?.directories ?? []).filter((directory) => !isBelow(directory, cwd))]
}

/** A Streamlit script or one of its pages: nobody imports it, and Streamlit has noticed by itself. */
function isPage(path: string, { workers }: Project): boolean {
  return workers.some((worker) => {
    if (worker.kind !== 'streamlit' || worker.run.kind === 'url') return false
    const { script } = worker.run
    // The pages of an application object are in files that its API imports too.
    if (script === null) return false
    return path === script || dirname(path) === join(dirname(script), 'pages')
  })
}

function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`)
}

function shown(changes: readonly Change[], root: string): string {
  const [first, ...others] = changes.map(({ path }) => (isBelow(path, root) ? relative(root, path) : path))
  return others.length === 0 ? (first ?? 'nothing') : `${first} and ${others.length} more`
}
