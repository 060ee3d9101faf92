/** `[auth.jwt]`: whose tokens count, and the keys they are checked with. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { parseDiscoverableIssuer } from './auth-text.ts'
import type { JwtConfig, JwtIssuer, JwtKeys } from './auth-types.ts'
import type { ResolveContext } from './context.ts'
import { Secret } from './secret.ts'
import { reportShortSecret } from './secret-key.ts'
import { isTree, type Path } from './tree.ts'

const table: Path = ['auth', 'jwt']
const usual = ['RS256', 'ES256', 'EdDSA']

/** Resolves the table; null when the mode is off, and nothing is judged then. */
export function resolveJwt(context: ResolveContext, isOn: boolean, secret: Secret | null): JwtConfig | null {
  if (!isOn) {
    reportUnused(context)
    return null
  }
  const { jwt } = context.settings.auth
  const first = issuerOf(context, table, jwt, secret)
  const others = jwt.issuers.map((issuer, index) =>
    issuerOf(context, [...table, 'issuers', String(index)], issuer, null),
  )
  reportTwice(context, [first, ...others])
  return {
    issuers: [first, ...others].filter((issuer) => issuer !== null),
    leewayS: jwt.leeway_seconds,
    tokenType: jwt.token_type,
    requiredClaims: jwt.required_claims,
    maxLifetimeMs: jwt.max_lifetime,
    userClaim: jwt.user_claim,
    scopeClaim: jwt.scope_claim,
    rolesClaim: jwt.roles_claim,
    groupsClaim: jwt.groups_claim,
    trustUnverifiedEmail: jwt.trust_unverified_email,
    cooldownMs: jwt.jwks_cooldown,
    cacheMaxAgeMs: jwt.jwks_cache_max_age,
    timeoutMs: jwt.jwks_timeout,
    staleIfErrorMs: jwt.jwks_stale_if_error,
  }
}

/** Names of the predecessor fill values here and never switch the mode on; whoever set them should know. */
function reportUnused(context: ResolveContext): void {
  const given = Object.keys(context.settings.auth.jwt).map((key) => [...table, key])
  const [path] = given.filter((each) => context.merged.has(each))
  // With a FluxLit application its variables are the application's own.
  const isHers = context.merged.layerOf(path ?? table)?.kind === 'environment'
  if (path === undefined || (isHers && context.settings.target !== undefined)) return
  context.warnings.push({
    code: 'auth_unused',
    message: `\`${path.join('.')}\` has no effect: "jwt" is not among \`auth.modes\``,
    where: context.origin(path),
    hint: 'write modes = ["jwt"] in [auth], or remove it',
  })
}

interface IssuerSettings {
  readonly issuer?: string | undefined
  readonly audience?: readonly string[] | undefined
  readonly algorithms?: readonly string[] | undefined
  readonly jwks_url: string
  readonly jwks_file: string
}

function issuerOf(
  context: ResolveContext,
  path: Path,
  given: IssuerSettings,
  secret: Secret | null,
): JwtIssuer | null {
  const { issuer, audience } = given
  if (issuer === undefined) missing(context, path, 'issuer', 'issuer = "https://idp.example.com"')
  if (audience === undefined) missing(context, path, 'audience', 'audience = ["my-api"]')
  const keys = secret === null && isSecretGiven(context, path) ? unread : keysOf(context, path, given, secret)
  const algorithms = algorithmsOf(context, path, given, keys.kind)
  if (issuer !== undefined && keys.kind === 'discovery') checkDiscoverable(context, path, issuer)
  return issuer === undefined || audience === undefined ? null : { issuer, audience, algorithms, keys }
}

/** Of a secret that cannot be read, which is a problem already, or one of this machine alone. */
const unread: JwtKeys = { kind: 'secret', secret: new Secret('') }

function isSecretGiven(context: ResolveContext, path: Path): boolean {
  return ['_file', '_env'].some((form) => context.merged.has([...path, `hs256_secret${form}`]))
}

function checkDiscoverable(context: ResolveContext, path: Path, issuer: string): void {
  const read = parseDiscoverableIssuer(issuer)
  if (read.kind === 'ok') return
  context.problems.push({
    code: 'jwt_keys_unknown',
    message: `the keys of \`${path.join('.')}.issuer\` cannot be looked up: "${issuer}" is no address they could be found through`,
    where: context.origin([...path, 'issuer']),
    hint: `${read.hint}, or say where the keys are: jwks_url, jwks_file or hs256_secret`,
  })
}

function missing(context: ResolveContext, path: Path, key: string, example: string): void {
  context.problems.push({
    code: 'jwt_incomplete',
    message: `mode "jwt" needs \`${path.join('.')}.${key}\``,
    where: context.merged.has(path) ? context.origin(path) : context.origin(['auth', 'modes']),
    hint: `write ${example} in [${path.join('.')}]`,
  })
}

function keysOf(context: ResolveContext, path: Path, given: IssuerSettings, secret: Secret | null): JwtKeys {
  const named = [
    given.jwks_url === '' ? null : 'jwks_url',
    given.jwks_file === '' ? null : 'jwks_file',
    secret === null ? null : 'hs256_secret',
  ].filter((key) => key !== null)
  if (named.length > 1)
    context.problems.push({
      code: 'conflicting_keys',
      message: `\`${path.join('.')}\` has keys from several places: ${named.map((key) => `\`${key}\``).join(' and ')}`,
      where: context.origin([...path, named[0] ?? '']),
      hint: 'keep one of them',
    })
  if (secret !== null) {
    reportShortSecret(context, [...path, 'hs256_secret'], secret)
    return { kind: 'secret', secret }
  }
  if (given.jwks_file !== '') return fileKeys(context, path, given.jwks_file)
  return given.jwks_url === '' ? { kind: 'discovery' } : { kind: 'url', url: given.jwks_url }
}

function fileKeys(context: ResolveContext, path: Path, file: string): JwtKeys {
  const absolute = resolve(context.root, file)
  const where = context.origin([...path, 'jwks_file'])
  const complaint = complaintAboutFile(absolute)
  if (complaint !== null)
    context.problems.push({
      code: 'jwks_unreadable',
      message: `the file of \`${path.join('.')}.jwks_file\` ${complaint}: ${absolute}`,
      where,
      hint: 'create it, or correct the path',
    })
  return { kind: 'file', path: absolute, where }
}

function complaintAboutFile(path: string): string | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isTree(value) && Array.isArray(value['keys']) && value['keys'].length > 0
      ? null
      : 'holds no key set ({"keys": [...]})'
  } catch (error) {
    if (error instanceof SyntaxError) return 'is not JSON'
    return `cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'error'})`
  }
}

/** One secret that signs and checks, and keys of which only the issuer has the other half, never go together. */
function algorithmsOf(
  context: ResolveContext,
  path: Path,
  { algorithms }: IssuerSettings,
  kind: JwtKeys['kind'],
): readonly string[] {
  const isSecret = kind === 'secret'
  if (algorithms === undefined) return isSecret ? ['HS256'] : usual
  const wrong = algorithms.filter((name) => (name === 'HS256') !== isSecret)
  if (wrong.length > 0)
    context.problems.push({
      code: 'jwt_mixed_algorithms',
      message: isSecret
        ? `\`${path.join('.')}.algorithms\` names ${wrong.join(', ')} beside a secret: a token could choose how it is checked`
        : `\`${path.join('.')}.algorithms\` names HS256 without \`hs256_secret\`: a public key would count as the secret`,
      where: context.origin([...path, 'algorithms']),
      hint: isSecret ? 'write algorithms = ["HS256"], or remove it' : 'remove HS256',
    })
  return algorithms
}

function reportTwice(context: ResolveContext, issuers: readonly (JwtIssuer | null)[]): void {
  for (const [index, issuer] of issuers.entries()) {
    if (issuer === null || issuers.findIndex((other) => other?.issuer === issuer.issuer) === index) continue
    context.problems.push({
      code: 'jwt_issuer_twice',
      message: `two issuers are ${issuer.issuer}`,
      where: context.origin([...table, 'issuers', String(index - 1)]),
      hint: 'put their audiences into one',
    })
  }
}
