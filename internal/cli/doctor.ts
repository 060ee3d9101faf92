/** `fluxlit doctor`: looks at everything an app depends on, and says what to do about what is wrong. */

import { examine } from '../app/doctor/doctor.ts'
import { found, worst, type Finding, type FindingState } from '../app/doctor/finding.ts'
import { loadConfig } from '../config/load.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { embedded, embeddedPackage } from './embedded.ts'
import { renderFindings } from './findings.ts'
import { wantsColour } from './render.ts'
import { problemsError } from './serve.ts'

/** What the command line of `doctor` parses to. */
export interface DoctorFlags {
  readonly target?: string | undefined
  readonly config?: readonly string[] | undefined
  readonly json?: boolean | undefined
  readonly strict?: boolean | undefined
  readonly warningsOnly?: boolean | undefined
  readonly url?: string | undefined
}

/** Examines; resolves to 0, or 1 when something failed (with `--strict`: is worth a warning). @throws StartupError */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const findings = await findingsOf(flags)
  const state = worst(findings)
  if (flags.json === true) {
    const report = { status: state, target: flags.target ?? null, checks: findings }
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  } else process.stdout.write(renderFindings(findings, wantsColour(process.stdout, process.env)))
  return isBad(state, flags) ? exitCode.failed : exitCode.ok
}

function isBad(state: FindingState, { strict, warningsOnly }: DoctorFlags): boolean {
  if (warningsOnly === true) return false
  return state === 'FAIL' || (strict === true && state === 'WARN')
}

async function findingsOf(flags: DoctorFlags): Promise<readonly Finding[]> {
  const url = flags.url === undefined ? null : parseUrl(flags.url)
  const { env } = process
  const target = flags.target === undefined ? {} : { target: { value: flags.target, flag: 'target' } }
  const loaded = loadConfig({ cwd: process.cwd(), files: flags.config ?? [], env, flags: target })
  const warned = loaded.warnings.map((warning) => found(warning, 'WARN'))
  if (loaded.kind === 'problems')
    return [...loaded.problems.map((problem) => found(problem, 'FAIL')), ...warned]
  const { config, report } = loaded
  const examined = await examineOrExplain({
    config,
    env,
    bootstrapSource: embedded('internal/python/bootstrap.py'),
    sdk: embeddedPackage,
    originOf: (path) => report.values.get(path)?.origin ?? 'default',
    url,
  })
  const known = new Set(warned.map(({ code, where }) => `${code} ${where ?? ''}`))
  const fresh = examined.filter(({ code, where }) => !known.has(`${code} ${where ?? ''}`))
  const names = [...report.notes, ...config.sources].join(', ')
  return [
    { code: 'config', state: 'PASS', message: `the configuration is right (${names})` },
    ...warned,
    ...fresh,
  ]
}

/** Without a place for sockets nothing can be looked at. */
async function examineOrExplain(parts: Parameters<typeof examine>[0]): Promise<readonly Finding[]> {
  try {
    return await examine(parts)
  } catch (error) {
    if (error instanceof StartupError) return error.problems.map((problem) => found(problem, 'FAIL'))
    throw error
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const problem: Problem = {
    code: 'usage',
    message: `an address begins with http:// or https://, found ${JSON.stringify(text)}`,
    where: '--url',
  }
  throw problemsError([problem])
}
