/** `fluxlit build`: deployment files for this project. */

import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

import { loadConfig } from '../config/load.ts'
import { conflicts, type Placed } from '../deploy/conflict.ts'
import { deploymentFiles } from '../deploy/files.ts'
import type { DeployKind } from '../deploy/kinds.ts'
import { planDeployment } from '../deploy/plan.ts'
import { readProject } from '../deploy/project.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import { ownCommand } from './embedded.ts'
import { renderProblems, wantsColour } from './render.ts'
import { problemsError } from './serve.ts'

/** Flags of `build`. */
export interface DeployFlags {
  readonly target?: string | undefined
  readonly config?: readonly string[] | undefined
  readonly output: string
  readonly force: boolean
  readonly kind: DeployKind
}

/** What a machine lacks that only builds: interpreters, certificates and secrets are where it runs. */
const ofThisMachine = new Set([
  'python_not_found',
  'env_file_unreadable',
  'secret_missing',
  'secret_unreadable',
  'tls_file_missing',
  'tls_file_unreadable',
])

/** Writes the files; resolves to 0. @throws StartupError when one would be overwritten, or cannot be made */
export function deploy(flags: DeployFlags): Promise<number> {
  const cwd = process.cwd()
  const given = flags.config ?? []
  const targets = flags.target === undefined ? {} : { target: { value: flags.target, flag: 'target' } }
  const loaded = loadConfig({ cwd, files: given, env: process.env, flags: targets, tolerated: ofThisMachine })
  if (loaded.kind === 'problems') throw problemsError(loaded.problems)
  const { config, report } = loaded
  const named = report.values.get('name')?.origin !== 'default'
  const project = readProject(config, {
    name: named ? config.name : null,
    target: flags.target ?? null,
    configFiles: given.map((file) => resolve(cwd, file)),
    executable: installedExecutable(),
  })
  const made = deploymentFiles(flags.kind, planDeployment(config, project))
  if (made.kind === 'problems') throw problemsError(made.problems)
  const directory = resolve(cwd, flags.output)
  const files = made.files.map((file) => ({ ...file, existing: textAt(join(directory, file.path)) }))
  const lost = flags.force ? [] : conflicts(files)
  if (lost.length > 0) throw problemsError(lost)
  for (const file of files) process.stdout.write(`${write(directory, file)} ${shown(cwd, directory, file)}\n`)
  const warnings = loaded.warnings.filter(({ code }) => code !== 'no_state_dir')
  process.stderr.write(renderProblems(warnings, 'warning', wantsColour(process.stderr, process.env)))
  return Promise.resolve(exitCode.ok)
}

/** Where the executable is installed on a server; one that lies in a home or a build directory is copied there. */
function installedExecutable(): string {
  const [path] = ownCommand()
  return /^\/(usr|opt)\//.test(path) && !path.endsWith('/node') ? path : '/usr/local/bin/fluxlit'
}

function textAt(path: string): string | null {
  try {
    // What a symbolic link leads to would be overwritten without being seen.
    if (lstatSync(path).isSymbolicLink()) return `symbolic link: ${path}`
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw cannotWrite(path, error)
  }
}

function write(directory: string, { path, text, existing }: Placed): string {
  if (existing === text) return 'unchanged'
  const file = join(directory, path)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  } catch (error) {
    throw cannotWrite(file, error)
  }
  return existing === null ? 'wrote' : 'replaced'
}

function cannotWrite(path: string, error: unknown): StartupError {
  const reason = error instanceof Error ? error.message : String(error)
  return new StartupError(
    [
      {
        code: 'cannot_write',
        message: `the file cannot be written: ${reason}`,
        where: path,
        hint: 'name another directory with -o',
      },
    ],
    exitCode.failed,
  )
}

function shown(cwd: string, directory: string, { path }: Placed): string {
  const file = join(directory, path)
  const near = relative(cwd, file)
  return near.startsWith('..') ? file : near
}
