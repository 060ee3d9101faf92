import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { Spawned } from '../config/config.ts'
import { readEnvFile } from '../config/env-file.ts'
import type { Problem } from '../fault/startup.ts'
import type { ChildWorker } from './command.ts'
import { checkDirectory } from './executable.ts'
import { isProblem } from './problem.ts'

/**
 * A worker as it would be started at this moment: symbolic links followed in its directory and on the way to its
 * script, and its `env_file` read again. A deployment that flips a link leaves the running generation in the old
 * checkout for all its life, also for what it opens later.
 *
 * @returns the worker with absolute real paths, or what is missing
 */
export function placed(worker: ChildWorker): ChildWorker | Problem {
  const wrong = checkDirectory(worker.run.cwd, worker.where)
  if (wrong !== undefined) return wrong
  const env = environmentNow(worker.run, worker.name)
  if (isFailure(env)) return env.problem
  const now = { cwd: realpathSync(worker.run.cwd), env: env.env }
  switch (worker.kind) {
    case 'uvicorn':
      return { ...worker, run: { ...worker.run, ...now } }
    case 'streamlit': {
      if (worker.run.script === null) return { ...worker, run: { ...worker.run, ...now } }
      const script = realBelow(worker.run.script)
      return script === null ? noScript(worker) : { ...worker, run: { ...worker.run, ...now, script } }
    }
    case 'http':
      return { ...worker, run: { ...worker.run, ...now } }
    case 'process':
      return { ...worker, run: { ...worker.run, ...now } }
  }
}

/**
 * A path with the links on the way to it followed, but not itself: an interpreter knows its virtual environment by
 * the name it is called with, a script its pages by the directory it is in. Null when the way does not exist.
 */
export function realBelow(path: string): string | null {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return null
  }
}

type Environment = { readonly env: Readonly<Record<string, string>> } | { readonly problem: Problem }

function environmentNow({ envSources }: Spawned, name: string): Environment {
  const { below, file, above } = envSources
  const read = file === null ? { entries: [], problems: [] } : readEnvFile(file, name)
  const [problem] = read.problems
  if (problem !== undefined) return { problem }
  const entries = read.entries.map((entry): [string, string] => [entry.name, entry.value])
  return { env: { ...below, ...Object.fromEntries(entries), ...above } }
}

function isFailure(value: Environment): value is { readonly problem: Problem } {
  return 'problem' in value && isProblem(value.problem)
}

function noScript(worker: ChildWorker & { readonly kind: 'streamlit' }): Problem {
  return {
    code: 'script_missing',
    message: `the script of worker \`${worker.name}\` does not exist: ${worker.run.script}`,
    where: worker.where,
    hint: 'correct `script`',
  }
}
