import { delimiter } from 'node:path'

import type { StartCommand } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import { Child } from './child.ts'
import { findExecutable } from './executable.ts'
import type { Surroundings } from './generation.ts'
import type { GenerationPlan } from './plan.ts'
import { isProblem } from './problem.ts'

/** A command that had to be ended by force gets no second chance to clean up. */
const graceMs = 2000

/**
 * Runs the commands of `before_start`, one after the other, in the directory, environment and account of the
 * generation they belong to. Their output is told as the worker's.
 *
 * @param signal ends the command that runs and starts no further one
 * @returns null when all succeeded, else `before_start_failed` with the last lines of the one that did not
 */
export async function prepare(
  plan: GenerationPlan,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Problem | null> {
  for (const command of plan.worker.run.beforeStart) {
    const problem = signal.aborted ? cancelled(plan) : await run(command, plan, surroundings, signal)
    if (problem !== null) return problem
  }
  return null
}

async function run(
  command: StartCommand,
  plan: GenerationPlan,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Problem | null> {
  const { worker, cwd, account } = plan
  const env = environmentOf(plan)
  const argv = argvOf(command, plan, env['PATH'])
  if (isProblem(argv)) return argv
  const { name, where } = worker
  const child = new Child({
    worker: name,
    where,
    argv,
    cwd,
    env,
    account,
    isBootstrap: false,
    ...surroundings,
  })
  const limit = deadline(plan.readyTimeoutMs, signal)
  try {
    const reason = await Promise.race([child.exited, limit.passed])
    if (reason === null) {
      await child.stop(graceMs)
      return signal.aborted ? cancelled(plan) : failed(command, plan, tooLong(plan), child.lastLines)
    }
    return reason.kind === 'exit' && reason.code === 0
      ? null
      : failed(command, plan, reason.text, child.lastLines)
  } finally {
    limit.forget()
  }
}

// `alembic` and `pip` mean those of the worker's own interpreter.
function environmentOf({ env, pythonDirectory }: GenerationPlan): Readonly<Record<string, string>> {
  if (pythonDirectory === null) return env
  return { ...env, PATH: [pythonDirectory, env['PATH'] ?? '/usr/bin:/bin'].join(delimiter) }
}

function argvOf(
  command: StartCommand,
  { cwd, worker }: GenerationPlan,
  path: string | undefined,
): readonly [string, ...string[]] | Problem {
  if (typeof command === 'string') return ['/bin/sh', '-c', command]
  const [program, ...rest] = command
  const found = findExecutable(program, { cwd, path, where: worker.where })
  return isProblem(found) ? found : [found.path, ...rest]
}

// Resolves to null when the time is over (0 = never) or the signal comes.
function deadline(
  ms: number,
  signal: AbortSignal,
): { readonly passed: Promise<null>; readonly forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<null>()
  const end = (): void => resolve(null)
  const timer = ms > 0 ? setTimeout(end, ms) : undefined
  signal.addEventListener('abort', end)
  return {
    passed: promise,
    forget: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    },
  }
}

function tooLong({ readyTimeoutMs }: GenerationPlan): string {
  return `it took longer than ready_timeout, ${readyTimeoutMs / 1000} s`
}

function failed(
  command: StartCommand,
  { worker }: GenerationPlan,
  reason: string,
  lines: readonly string[],
): Problem {
  const text = typeof command === 'string' ? command : command.join(' ')
  return {
    code: 'before_start_failed',
    message: `\`${text}\` of worker ${worker.name} failed: ${reason}`,
    where: worker.where,
    ...(lines.length > 0 ? { detail: lines } : {}),
  }
}

function cancelled({ worker }: GenerationPlan): Problem {
  return {
    code: 'before_start_failed',
    message: `the start of worker ${worker.name} was given up`,
    where: worker.where,
  }
}
