/** Keys that hold secrets: `x`, `x_file`, `x_env`. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { ResolveContext } from './context.ts'
import { redacted, resolveSecret, type Secret } from './secret.ts'
import { valueAt, type Path } from './tree.ts'

/**
 * The secret at `path`, or null when there is none or something is wrong with it, which is then a problem. Of several
 * sources the highest counts, whichever form it uses. A variable it was read from is hidden from workers.
 */
export function resolveSecretKey(context: ResolveContext, path: Path): Secret | null {
  const { merged } = context
  const forms = ['', '_file', '_env'].map((ending) => withEnding(path, ending))
  const given = forms.filter((form) => merged.has(form))
  const highest = Math.max(...given.map((form) => merged.rankOf(form)))
  const counting = given.filter((form) => merged.rankOf(form) === highest)
  const [direct, file, variable] = forms.map((form) =>
    counting.includes(form) ? textAt(context, form) : undefined,
  )
  const [where = path] = counting
  if (merged.has(path)) context.report(path, redacted, merged.origin(path))
  const result = resolveSecret(
    {
      key: path.join('.'),
      where: merged.origin(where),
      value: direct,
      file: file === undefined ? undefined : pathOf(context, file),
      env: variable,
    },
    variables(context),
  )
  if (result.kind === 'problem') context.problems.push(result.problem)
  if (result.kind !== 'secret') return null
  if (result.hiddenEnv !== null) context.hiddenEnv.add(result.hiddenEnv)
  return result.secret
}

function withEnding(path: Path, ending: string): Path {
  return [...path.slice(0, -1), `${path.at(-1) ?? ''}${ending}`]
}

function textAt({ merged }: ResolveContext, path: Path): string | undefined {
  const value = valueAt(merged.value, path)
  return typeof value === 'string' ? value : undefined
}

/** A bare name may be a file that the service manager hands to this unit alone (`LoadCredential=`, systemd.exec(5)). */
function pathOf({ env, root }: ResolveContext, name: string): string {
  const credentials = env['CREDENTIALS_DIRECTORY'] ?? ''
  if (credentials !== '' && !name.includes('/') && existsSync(join(credentials, name)))
    return join(credentials, name)
  return resolve(root, name)
}

/** The gateway's own environment, above `.env` beside the configuration. */
function variables({ env, dotenv }: ResolveContext): Readonly<Record<string, string | undefined>> {
  return { ...Object.fromEntries(dotenv.map(({ name, value }) => [name, value])), ...env }
}
