/** `fluxlit access`: whether somebody may do something, and which rule says so. */

import { readFileSync } from 'node:fs'

import { compileAccess } from '../app/expectations.ts'
import { describeToken } from '../app/assumed.ts'
import { loadConfig } from '../config/load.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import { renderProblems, wantsColour } from './render.ts'

/** Flags of `access`. */
export interface AccessFlags {
  readonly who?: string | undefined
  readonly path?: string | undefined
  readonly claims?: string | undefined
  readonly group?: readonly string[] | undefined
  readonly role?: readonly string[] | undefined
  readonly scope?: readonly string[] | undefined
  readonly method: string
  readonly host: string
  readonly config?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/** Explains; 0 = may, 1 = may not. @throws StartupError for a question that is none, or a configuration that is none */
export async function access(flags: AccessFlags): Promise<number> {
  const loaded = loadConfig({ cwd: process.cwd(), files: flags.config ?? [], env: process.env, flags: {} })
  if (loaded.kind === 'problems') {
    process.stderr.write(renderProblems(loaded.problems, 'error', wantsColour(process.stderr, process.env)))
    return exitCode.usage
  }
  const { who, path } = asked(flags)
  const as = describeToken(loaded.config, {
    email: who,
    claims: flags.claims === undefined ? null : claimsIn(flags.claims),
    groups: flags.group ?? [],
    roles: flags.role ?? [],
    scopes: flags.scope ?? [],
  })
  const answer = compileAccess(loaded.config)({
    as,
    method: flags.method.toUpperCase(),
    path,
    host: flags.host,
  })
  if (flags.json === true) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  else
    process.stdout.write(
      `${answer.allowed ? 'allowed' : 'refused'}\n${answer.steps.map((step) => `  ${step}\n`).join('')}`,
    )
  return answer.allowed ? exitCode.ok : exitCode.failed
}

/** `access EMAIL PATH`, `access --claims FILE PATH`, `access PATH` for somebody who is not signed in. */
function asked({ who, path, claims }: AccessFlags): { who: string | null; path: string } {
  const [first, second] = [who, path]
  if (first !== undefined && second !== undefined && claims === undefined) return checked(first, second)
  if (first !== undefined && second === undefined) return checked(null, first)
  throw usage('name who asks and the path: fluxlit access ann@example.com /api/x')
}

function checked(who: string | null, path: string): { who: string | null; path: string } {
  if (path.startsWith('/')) return { who, path }
  throw usage(`the path begins with a slash: /${path}`)
}

function claimsIn(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    throw usage(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw usage(`${file} holds no JSON object`)
}

function usage(message: string): StartupError {
  return new StartupError([{ code: 'usage', message, hint: 'see fluxlit access --help' }], exitCode.usage)
}
