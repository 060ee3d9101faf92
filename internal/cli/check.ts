/** `fluxlit check`: the configuration as the gateway would use it, or everything that is wrong with it. */

import { describeWorker, renderDescription } from '../app/describe.ts'
import { failedExpectations } from '../app/expectations.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { problemsJson, renderReport, reportJson } from '../config/report.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { embedded, embeddedPackage } from './embedded.ts'
import { renderProblems, wantsColour } from './render.ts'

/** Flags of `check`. */
export interface CheckFlags {
  readonly config?: readonly string[] | undefined
  readonly json?: boolean | undefined
  readonly worker?: string | undefined
}

/** Checks; resolves to 0 or 2. @throws StartupError when `--worker` names one that does not exist or cannot start */
export async function check(flags: CheckFlags): Promise<number> {
  const loaded = loadConfig({ cwd: process.cwd(), files: flags.config ?? [], env: process.env, flags: {} })
  const colour = wantsColour(process.stderr, process.env)
  const unexpected = loaded.kind === 'ok' ? failedExpectations(loaded.config) : []
  if (flags.json !== true) process.stderr.write(renderProblems(loaded.warnings, 'warning', colour))
  if (loaded.kind === 'ok' && flags.worker !== undefined)
    return checkWorker(flags.worker, loaded.config, flags.json === true)
  if (unexpected.length > 0) return reportUnexpected(unexpected, flags.json === true)
  if (flags.json === true) {
    printJson(
      loaded.kind === 'ok' ? reportJson(loaded.report) : problemsJson(loaded.problems, loaded.warnings),
    )
  } else if (loaded.kind === 'ok') {
    process.stdout.write(renderReport(loaded.report))
  } else {
    process.stderr.write(renderProblems(loaded.problems, 'error', colour))
  }
  return loaded.kind === 'ok' ? exitCode.ok : exitCode.usage
}

/** The configuration is right, and lets others in than it says it should. */
function reportUnexpected(problems: readonly Problem[], json: boolean): number {
  if (json) printJson(problemsJson(problems))
  else process.stderr.write(renderProblems(problems, 'error', wantsColour(process.stderr, process.env)))
  return exitCode.usage
}

async function checkWorker(name: string, config: Config, json: boolean): Promise<number> {
  const worker = config.workers.find((candidate) => candidate.name === name)
  if (worker === undefined) throw unknownWorker(name, config)
  const description = await describeWorker(worker, {
    config,
    env: process.env,
    bootstrapSource: embedded('internal/python/bootstrap.py'),
    sdk: embeddedPackage,
  })
  if (json) printJson(description)
  else process.stdout.write(renderDescription(description))
  return exitCode.ok
}

function unknownWorker(name: string, config: Config): StartupError {
  const names = config.workers.map((worker) => worker.name)
  return new StartupError(
    [
      {
        code: 'unknown_worker',
        message: `there is no worker ${JSON.stringify(name)}`,
        hint: `workers are: ${names.join(', ')}`,
      },
    ],
    exitCode.usage,
  )
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
