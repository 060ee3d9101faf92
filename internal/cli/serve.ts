/** `fluxlit serve`: configuration, logger, gateway, exit code. */

import { run } from '../app/run.ts'
import { loadConfig, type LoadResult } from '../config/load.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { buildInfo } from './build.ts'
import { embedded, embeddedPackage, ownCommand } from './embedded.ts'
import type { ServeFlags } from './main.ts'
import { renderProblems, wantsColour } from './render.ts'

/** Serves until told to stop; resolves to the exit code. @throws StartupError */
export async function serve(flags: ServeFlags): Promise<number> {
  refuseWeakening(process.env)
  const cwd = process.cwd()
  const read = (): LoadResult =>
    loadConfig({ cwd, files: flags.config ?? [], env: process.env, flags: flagValues(flags) })
  const loaded = read()
  const colour = wantsColour(process.stderr, process.env)
  process.stderr.write(renderProblems(loaded.warnings, 'warning', colour))
  if (loaded.kind === 'problems') throw problemsError(loaded.problems)
  const outcome = await run({
    config: loaded.config,
    notes: loaded.report.notes,
    output: {
      stream: process.stdout,
      other: process.stderr,
      isTerminal: process.stdout.isTTY,
      colour: wantsColour(process.stdout, process.env),
    },
    env: process.env,
    bootstrapSource: embedded('internal/python/bootstrap.py'),
    sdk: embeddedPackage,
    statusPage: () => embedded('dist/status-page.html'),
    version: buildInfo().version,
    commit: buildInfo().commit,
    values: loaded.report.values,
    self: ownCommand(),
    mode: 'serve',
    readConfig: () => {
      const again = read()
      return again.kind === 'ok'
        ? { config: again.config, values: again.report.values }
        : { problems: again.problems }
    },
  })
  process.stderr.write(renderProblems(outcome.problems, 'error', colour))
  return outcome.exitCode
}

/** Flags as values of configuration keys, each with the flag's own name for messages. */
export function flagValues(flags: ServeFlags): Record<string, { value: unknown; flag: string }> {
  const values: Record<string, { value: unknown; flag: string }> = {}
  const set = (key: string, flag: string, value: unknown): void => {
    if (value !== undefined) values[key] = { value, flag }
  }
  set('target', 'target', flags.target)
  set('gateway_host', '--host', flags.host)
  set('gateway_port', '--port', flags.port)
  set('log_level', '--log-level', flags.logLevel)
  const trusted = [
    ...(flags.proxyHeaders === true ? ['127.0.0.0/8', '::1/128'] : []),
    ...(flags.forwardedAllowIps?.split(',').map((entry) => entry.trim()) ?? []),
  ]
  if (trusted.length > 0)
    set(
      'trusted_proxies',
      flags.forwardedAllowIps === undefined ? '--proxy-headers' : '--forwarded-allow-ips',
      trusted,
    )
  return values
}

/** Variables that would make Node itself accept what the gateway must refuse. @throws StartupError */
export function refuseWeakening(env: Readonly<Record<string, string | undefined>>): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return
  throw problemsError([
    {
      code: 'weakened',
      message: 'NODE_TLS_REJECT_UNAUTHORIZED=0 would switch certificate checks off',
      where: 'environment NODE_TLS_REJECT_UNAUTHORIZED',
      hint: 'unset it; a private certificate authority belongs into the system store or SSL_CERT_FILE',
    },
  ])
}

/** Problems that ended a command before anything was started. */
export function problemsError(problems: readonly Problem[]): StartupError {
  const [first = { code: 'internal', message: 'configuration failed without a problem' }, ...others] =
    problems
  return new StartupError([first, ...others], exitCode.usage)
}
