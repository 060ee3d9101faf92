/** `fluxlit check`: the configuration as the gateway would use it, or everything that is wrong with it. */

import { loadConfig } from '../config/load.ts'
import { problemsJson, renderReport, reportJson } from '../config/report.ts'
import { exitCode } from '../fault/startup.ts'
import { renderProblems, wantsColour } from './render.ts'

/** Flags of `check`. */
export interface CheckFlags {
  readonly config?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/** Checks; resolves to 0 or 2. */
export function check(flags: CheckFlags): Promise<number> {
  const loaded = loadConfig({ cwd: process.cwd(), files: flags.config ?? [], env: process.env, flags: {} })
  const colour = wantsColour(process.stderr, process.env)
  if (flags.json === true) {
    const value = loaded.kind === 'ok' ? reportJson(loaded.report) : problemsJson(loaded.problems)
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  } else {
    process.stderr.write(renderProblems(loaded.warnings, 'warning', colour))
    if (loaded.kind === 'ok') process.stdout.write(renderReport(loaded.report))
    else process.stderr.write(renderProblems(loaded.problems, 'error', colour))
  }
  return Promise.resolve(loaded.kind === 'ok' ? exitCode.ok : exitCode.usage)
}
