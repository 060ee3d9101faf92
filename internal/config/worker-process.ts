/** The child process of a worker: directory, environment, interpreter, program. Everything is looked for now. */

import { resolve } from 'node:path'

import { appVariables } from './app-settings.ts'
import type {
  AppTarget,
  PythonChoice,
  PythonProcess,
  ResourceLimits,
  Spawned,
  StartCommand,
} from './config.ts'
import type { ResolveContext } from './context.ts'
import { kindOfPath } from './files.ts'
import { findPython, isPythonFound } from './python.ts'
import { workerEnvironment } from './worker-environment.ts'
import { reportDefault } from './worker-routing.ts'
import type { WorkerSettings } from './worker-schema.ts'

/** Working directory of a spawned worker, absolute; reports it when it does not exist. */
export function resolveCwd(context: ResolveContext, name: string, worker: WorkerSettings): string {
  const cwd = resolve(context.root, worker.cwd ?? '.')
  reportDefault(context, name, 'cwd', cwd, context.valueOrigin(['root']))
  if (worker.cwd !== undefined) expectDirectory(context, cwd, 'cwd', ['workers', name, 'cwd'], name)
  return cwd
}

/** Everything about a child process but its program. */
export function resolveSpawned(
  context: ResolveContext,
  name: string,
  worker: WorkerSettings,
  cwd: string,
  target: AppTarget | null = null,
): Spawned {
  return {
    cwd,
    ...workerEnvironment(context, name, worker, target === null ? [] : appVariables(context)),
    inheritEnv: worker.inherit_env,
    args: worker.args,
    user: worker.user ?? null,
    rlimits: resourceLimits(worker.rlimits),
    beforeStart: worker.before_start.map(startCommand),
    after: worker.after,
    replicas: worker.replicas,
    replace: worker.replace,
    maxMemoryBytes: worker.max_memory ?? 0,
    maxAgeMs: worker.max_age,
    stopGraceMs: worker.stop_grace,
    onFailure: worker.on_failure,
  }
}

function resourceLimits(given: WorkerSettings['rlimits']): ResourceLimits {
  // The kernel counts CPU time in whole seconds, and zero would mean none at all.
  const cpu = given.cpu === undefined ? undefined : Math.ceil(given.cpu / 1000)
  return Object.fromEntries(Object.entries({ ...given, cpu }).filter(([, value]) => value !== undefined))
}

function startCommand(given: string | readonly string[]): StartCommand {
  if (typeof given === 'string') return given
  const [program = '', ...rest] = given
  return [program, ...rest]
}

/** A Python child process; reports a missing interpreter. */
export function resolvePython(
  context: ResolveContext,
  name: string,
  worker: WorkerSettings,
  cwd: string,
  target: AppTarget | null,
): PythonProcess {
  const path = ['workers', name, 'python']
  const given = worker.python !== undefined
  const where = context.origin(given ? path : ['workers', name])
  const python: PythonChoice = { path: worker.python ?? null, where }
  const found = findPython(python, { cwd, root: context.root, env: context.env })
  if (isPythonFound(found)) reportDefault(context, name, 'python', found.path)
  // Nothing is started on Windows; there the configuration is looked at for another machine.
  else if (process.platform === 'win32') reportDefault(context, name, 'python', null)
  else if (given || !context.problems.some((problem) => sameSearch(problem.message, found.message)))
    context.problems.push(found)
  const transport = worker.transport ?? 'unix'
  reportDefault(context, name, 'transport', transport)
  return { kind: 'spawn', ...resolveSpawned(context, name, worker, cwd, target), target, python, transport }
}

/** The default search fails for every worker alike: one problem is enough. */
function sameSearch(known: string, message: string): boolean {
  return known === message
}

/** Absolute path of the Streamlit script; reports it when there is no such file. */
export function resolveScript(context: ResolveContext, name: string, script: string): string {
  const path = resolve(context.root, script)
  const kind = kindOfPath(path)
  if (kind !== 'file') {
    const message = `the script of worker \`${name}\` ${kind === 'directory' ? 'is a directory' : 'does not exist'}: ${path}`
    const hint =
      'correct `script`; it is relative to `root`, by default the directory of the configuration file'
    context.problems.push({
      code: 'script_missing',
      message,
      where: context.origin(['workers', name, 'script']),
      hint,
    })
  }
  return path
}

/** Reports a directory that does not exist. */
export function expectDirectory(
  context: ResolveContext,
  path: string,
  key: string,
  at: readonly string[],
  worker: string | null,
): void {
  const kind = kindOfPath(path)
  if (kind === 'directory') return
  const owner = worker === null ? `\`${key}\`` : `\`${key}\` of worker \`${worker}\``
  const message = `${owner} ${kind === 'file' ? 'is not a directory' : 'does not exist'}: ${path}`
  const hint = `create it, or correct \`${key}\``
  context.problems.push({ code: `${key}_missing`, message, where: context.origin(at), hint })
}
