/** The variables a worker gets on top of what it inherits. */

import type { EnvFile, EnvSources } from './config.ts'
import type { ResolveContext } from './context.ts'
import { credentialOrPath } from './credential.ts'
import { readEnvFile } from './env-file.ts'
import type { Variable } from './environment.ts'
import { shownValue } from './secret.ts'
import type { WorkerSettings } from './worker-schema.ts'

/**
 * Merges `.env` beside the configuration (without `FLUXLIT_*`), then `env_file`, then `env`; the last one counts.
 * `.env` stands below the real environment, so that a name the worker inherits anyway is left to that.
 *
 * @param own variables below all of them: the settings of an application object
 */
export function workerEnvironment(
  context: ResolveContext,
  name: string,
  worker: WorkerSettings,
  own: readonly Variable[] = [],
): { readonly env: Readonly<Record<string, string>>; readonly envSources: EnvSources } {
  const below = new Map<string, string>()
  for (const variable of context.dotenv) {
    if (variable.name.startsWith('FLUXLIT_') || context.hiddenEnv.has(variable.name)) continue
    if (worker.inherit_env && context.env[variable.name] !== undefined) continue
    put(context, below, name, variable.name, variable.value, variable.origin)
  }
  for (const variable of own) {
    if (!context.hiddenEnv.has(variable.name))
      put(context, below, name, variable.name, variable.value, variable.origin)
  }
  const file = envFile(context, name, worker)
  const fromFile = file === null ? [] : entriesOf(context, name, file)
  for (const [key, value] of Object.entries(worker.env)) {
    report(context, name, key, value, context.origin(['workers', name, 'env', key]))
  }
  return {
    env: Object.fromEntries([...below, ...fromFile, ...Object.entries(worker.env)]),
    envSources: { below: Object.fromEntries(below), file, above: worker.env },
  }
}

function envFile(context: ResolveContext, name: string, worker: WorkerSettings): EnvFile | null {
  if (worker.env_file === undefined) return null
  return {
    path: credentialOrPath(context, worker.env_file),
    name: worker.env_file,
    where: context.origin(['workers', name, 'env_file']),
  }
}

function entriesOf(
  context: ResolveContext,
  name: string,
  file: EnvFile,
): readonly (readonly [string, string])[] {
  const { entries, problems } = readEnvFile(file, name)
  context.problems.push(...problems)
  for (const entry of entries) report(context, name, entry.name, entry.value, `${file.name}:${entry.line}`)
  return entries.map((entry) => [entry.name, entry.value])
}

function put(
  context: ResolveContext,
  merged: Map<string, string>,
  worker: string,
  name: string,
  value: string,
  origin: string,
): void {
  merged.set(name, value)
  report(context, worker, name, value, origin)
}

function report(context: ResolveContext, worker: string, name: string, value: string, origin: string): void {
  context.report(['workers', worker, 'env', name], shownValue(name, value), origin)
}
