/** Keys that hold secrets: `x`, `x_file`, `x_env`. */

import type { Origin, SecretPlace } from './config.ts'
import type { ResolveContext } from './context.ts'
import { credentialOrPath } from './credential.ts'
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
  const key = path.join('.')
  const absolute = file === undefined ? undefined : credentialOrPath(context, file)
  const place = placeOf(key, direct, absolute, variable)
  if (place !== null) context.secretPlaces.push(place)
  const result = resolveSecret(
    { key, where: merged.origin(where), value: direct, file: absolute, env: variable },
    variables(context),
  )
  if (result.kind === 'problem') context.problems.push(result.problem)
  if (result.kind !== 'secret') return null
  if (result.hiddenEnv !== null) context.hiddenEnv.add(result.hiddenEnv)
  return result.secret
}

function placeOf(key: string, direct?: string, path?: string, name?: string): SecretPlace | null {
  if (path !== undefined) return { key, kind: 'file', path }
  if (name !== undefined) return { key, kind: 'variable', name }
  return direct === undefined ? null : { key, kind: 'text' }
}

function withEnding(path: Path, ending: string): Path {
  return [...path.slice(0, -1), `${path.at(-1) ?? ''}${ending}`]
}

function textAt({ merged }: ResolveContext, path: Path): string | undefined {
  const value = valueAt(merged.value, path)
  return typeof value === 'string' ? value : undefined
}

/** The gateway's own environment, above `.env` beside the configuration. */
function variables({ env, dotenv }: ResolveContext): Readonly<Record<string, string | undefined>> {
  return { ...Object.fromEntries(dotenv.map(({ name, value }) => [name, value])), ...env }
}

/** RFC 7518 3.2: a key of HS256 has as many bits as the hash. */
const shortestSecret = 32

/** Refuses a secret that signs tokens, and could be found out from one of them. @param path of its plain form */
export function reportShortSecret(context: ResolveContext, path: Path, secret: Secret): void {
  const bytes = Buffer.byteLength(secret.reveal())
  if (bytes >= shortestSecret) return
  context.problems.push({
    code: 'secret_too_short',
    message: `\`${path.join('.')}\` has ${bytes} bytes; shorter than ${shortestSecret} can be guessed`,
    where: secretOrigin(context, path),
    hint: 'make one with: openssl rand -base64 32',
  })
}

/** Where a secret was given, in whichever form. */
export function secretOrigin(context: ResolveContext, path: Path): Origin {
  const forms = ['', '_file', '_env'].map((ending) => withEnding(path, ending))
  return context.origin(forms.find((form) => context.merged.has(form)) ?? path.slice(0, -1))
}
