/** The variables a worker gets on top of what it inherits. */

import { resolve } from 'node:path'

import type { ResolveContext } from './context.ts'
import { parseDotenv } from './dotenv.ts'
import { readText } from './files.ts'
import { shownValue } from './secret.ts'
import type { WorkerSettings } from './worker-schema.ts'

/**
 * Merges `.env` beside the configuration (without `FLUXLIT_*`), then `env_file`, then `env`; the last one counts.
 * `.env` stands below the real environment, so that a name the worker inherits anyway is left to that.
 */
export function workerEnvironment(
  context: ResolveContext,
  name: string,
  worker: WorkerSettings,
): Readonly<Record<string, string>> {
  const merged = new Map<string, string>()
  for (const variable of context.dotenv) {
    if (variable.name.startsWith('FLUXLIT_')) continue
    if (worker.inherit_env && context.env[variable.name] !== undefined) continue
    put(context, merged, name, variable.name, variable.value, variable.origin)
  }
  readEnvFile(context, merged, name, worker)
  for (const [key, value] of Object.entries(worker.env)) {
    put(context, merged, name, key, value, context.origin(['workers', name, 'env', key]))
  }
  return Object.fromEntries(merged)
}

function readEnvFile(
  context: ResolveContext,
  merged: Map<string, string>,
  name: string,
  worker: WorkerSettings,
): void {
  if (worker.env_file === undefined) return
  const path = resolve(context.root, worker.env_file)
  const where = context.origin(['workers', name, 'env_file'])
  const file = readText(path)
  if (file.kind !== 'text') {
    const reason = file.kind === 'missing' ? 'it does not exist' : file.reason
    const message = `\`env_file\` of worker \`${name}\` cannot be read: ${path} (${reason})`
    context.problems.push({
      code: 'env_file_unreadable',
      message,
      where,
      hint: 'create it, make it readable, or correct the path',
    })
    return
  }
  const parsed = parseDotenv(file.text, worker.env_file)
  context.problems.push(...parsed.problems)
  for (const entry of parsed.entries)
    put(context, merged, name, entry.name, entry.value, `${worker.env_file}:${entry.line}`)
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
  context.report(['workers', worker, 'env', name], shownValue(name, value), origin)
}
