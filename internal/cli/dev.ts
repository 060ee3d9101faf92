/** `fluxlit dev`: as `serve`, for the machine somebody works on. */

import type { ReloadScope } from '../app/dev/change.ts'
import { chooseFreePort } from '../app/dev/free-port.ts'
import { run } from '../app/run.ts'
import type { Config } from '../config/config.ts'
import { loadConfig, type LoadResult } from '../config/load.ts'
import { buildInfo } from './build.ts'
import { embedded, embeddedPackage, ownCommand } from './embedded.ts'
import type { DevFlags } from './main.ts'
import { renderProblems, wantsColour } from './render.ts'
import { flagValues, problemsError, refuseWeakening } from './serve.ts'

/** Serves until told to stop; resolves to the exit code. @throws StartupError */
export async function dev(flags: DevFlags): Promise<number> {
  const { env } = process
  refuseWeakening(env)
  const cwd = process.cwd()
  const read = (): LoadResult => loadConfig({ cwd, files: flags.config ?? [], env, flags: devValues(flags) })
  const loaded = read()
  const onError = wantsColour(process.stderr, env)
  process.stderr.write(renderProblems(loaded.warnings, 'warning', onError))
  if (loaded.kind === 'problems') throw problemsError(loaded.problems)
  const { listen, notice } = await chooseFreePort(loaded.config.listen)
  const notices = notice === null ? [] : [notice]
  const taken = notices.map((message) => ({ code: 'port_taken', message }))
  process.stderr.write(renderProblems(taken, 'warning', onError))
  // The port that was free stays the one in force as long as the configuration asks for the same.
  const moved = (config: Config): Config =>
    isSame(config.listen, loaded.config.listen) ? { ...config, listen } : config
  const colour = wantsColour(process.stdout, env)
  const outcome = await run({
    config: moved(loaded.config),
    notes: loaded.report.notes,
    // Readable also through a pipe, unless the configuration says otherwise.
    output: { stream: process.stdout, other: process.stderr, isTerminal: true, colour },
    env,
    bootstrapSource: embedded('internal/python/bootstrap.py'),
    sdk: embeddedPackage,
    statusPage: () => embedded('dist/status-page.html'),
    version: buildInfo().version,
    commit: buildInfo().commit,
    values: loaded.report.values,
    self: ownCommand(),
    mode: 'dev',
    readConfig: () => {
      const again = read()
      return again.kind === 'ok'
        ? { config: moved(again.config), values: again.report.values }
        : { problems: again.problems }
    },
    development: {
      reload: flags.reload,
      scope: scopeOf(flags.reloadScope),
      cwd,
      env,
      keys: process.stdin,
      colour,
      notices,
    },
  })
  process.stderr.write(renderProblems(outcome.problems, 'error', onError))
  return outcome.exitCode
}

/** The flags of `serve`, and whom everybody is signed in as. */
export function devValues(flags: DevFlags): ReturnType<typeof flagValues> {
  const as = flags.as === undefined ? {} : { 'auth.dev.as': { value: flags.as, flag: '--as' } }
  return { ...flagValues(flags), ...as }
}

/** The Python package's words for scopes are understood too. */
export function scopeOf(name: DevFlags['reloadScope']): ReloadScope {
  if (name === 'gateway') return 'api'
  return name === 'full' ? 'all' : name
}

function isSame(a: Config['listen'], b: Config['listen']): boolean {
  return a.host === b.host && a.port === b.port
}
