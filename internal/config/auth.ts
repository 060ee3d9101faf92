/** `[auth]` to what the rooms get. What would be open although somebody wrote that it should not be does not start. */

import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { resolveAccess, resolveExpectations, resolveRules } from './auth-rules.ts'
import type { AuthConfig, AuthMode, IdentityHeaders } from './auth-types.ts'
import type { ResolveContext } from './context.ts'
import { credentialOrPath } from './credential.ts'
import { resolveBasic, resolveDev, resolveProxy, unused } from './auth-modes.ts'
import { resolveFirstParty } from './first-party.ts'
import { resolveJwt } from './jwt.ts'
import { resolveLogin, type LoginSurroundings } from './login.ts'
import { checkLoginPlace } from './login-place.ts'
import { isLoopback } from './network.ts'
import { Secret } from './secret.ts'
import { warnAboutNativeLogin } from './streamlit-secrets.ts'
import type { Path } from './tree.ts'

/** Resolves the table; null = nobody is asked who they are. */
export function resolveAuth(context: ResolveContext, around: LoginSurroundings): AuthConfig | null {
  const { workers } = around
  const { auth } = context.settings
  const modes = modesOf(context)
  const jwt = resolveJwt(context, modes.includes('jwt'), around.secrets.tokens)
  const others = {
    basic: resolveBasic(context, modes.includes('basic')),
    proxy: resolveProxy(context, modes.includes('proxy')),
    dev: resolveDev(context, modes.includes('dev')),
  }
  const firstParty = resolveFirstParty(context, modes.length > 0, around)
  const login = modes.includes('oidc') ? resolveLogin(context, around) : unused(context, 'oidc')
  if (modes.length === 0) {
    reportIdle(context)
    warnIfOpen(context)
    return null
  }
  checkTransport(context, modes)
  if (login !== null) checkLoginPlace(context, workers)
  warnAboutNativeLogin(context, workers)
  return {
    modes,
    default: auth.default,
    apiSameOriginGet: auth.api_require_same_origin_get,
    streamlitNative: auth.streamlit_native,
    headers: { ...headersOf(context), firstParty },
    rules: resolveRules(context, workers),
    access: resolveAccess(context, workers),
    expectations: resolveExpectations(context),
    jwt,
    ...others,
    login,
  }
}

/** `fluxlit dev --as` turns its mode on besides those of the file. */
function modesOf(context: ResolveContext): readonly AuthMode[] {
  const { modes } = context.settings.auth
  const isAsked = context.merged.layerOf(['auth', 'dev', 'as'])?.kind === 'flag'
  return isAsked && !modes.includes('dev') ? [...modes, 'dev'] : modes
}

/** Somebody wants something protected, and nobody would be asked. */
function reportIdle(context: ResolveContext): void {
  const { merged, settings } = context
  const wishes: readonly Path[] = [
    ['auth', 'rules'],
    ['auth', 'expect'],
    ...Object.keys(settings.workers).map((name) => ['workers', name, 'access']),
    ...(settings.auth.default === 'authenticated' ? [] : [['auth', 'default']]),
  ]
  for (const path of wishes.filter((wish) => merged.has(wish)))
    context.problems.push({
      code: 'auth_without_modes',
      message: `\`${path.join('.')}\` is set, but \`auth.modes\` names no way to show who one is: everything would be open`,
      where: context.origin(path),
      hint: 'write modes = ["jwt"] (or another mode) in [auth], or remove it',
    })
}

/** Nobody decided that everybody may use everything, and other machines reach it. An empty list is a decision. */
function warnIfOpen(context: ResolveContext): void {
  const { gateway_host: host } = context.settings
  if (context.merged.has(['auth', 'modes']) || isLoopback(host)) return
  context.warnings.push({
    code: 'auth_off',
    message: `nobody has to sign in, and \`gateway_host\` is ${host}: whoever reaches this machine may use everything`,
    where: context.origin(['gateway_host']),
    hint: 'write [auth] modes = ["oidc"] (or another mode); modes = [] if that is meant, for example behind a proxy that signs people in',
  })
}

/** Passwords and cookies of browsers do not travel in the clear over a network. */
function checkTransport(context: ResolveContext, modes: readonly AuthMode[]): void {
  const { settings } = context
  const inBrowsers = modes.filter((mode) => mode === 'oidc' || mode === 'basic')
  if (inBrowsers.length === 0 || isLoopback(settings.gateway_host)) return
  if (settings.tls.cert_file !== '' || settings.public_base_url.startsWith('https://')) return
  context.problems.push({
    code: 'auth_over_plain_http',
    message: `people would sign in over plain http: \`gateway_host\` is ${settings.gateway_host}, and mode "${inBrowsers[0]}" is on`,
    where: context.origin(['auth', 'modes']),
    hint: 'set [tls] cert_file and key_file; or, when a proxy in front speaks TLS, public_base_url = "https://..."',
  })
}

function headersOf(context: ResolveContext): Omit<IdentityHeaders, 'firstParty'> {
  const { headers } = context.settings.auth
  const { user, email, groups, preferred_username: preferred, assertion, access_token: token } = headers
  const names = [user, email, groups, preferred, assertion, token]
    .filter((name) => name !== '')
    .map((name) => name.toLowerCase())
  if (new Set(names).size !== names.length)
    context.problems.push({
      code: 'bad_value',
      message: '`auth.headers` has one name for two things',
      where: context.origin(['auth', 'headers']),
      hint: 'give every header a name of its own, or "" to leave it out',
    })
  return {
    user: headers.user,
    email: headers.email,
    groups: headers.groups,
    preferredUsername: headers.preferred_username,
    assertion: headers.assertion,
    accessToken: headers.access_token,
    maxGroupsBytes: headers.max_groups_bytes,
    upstreamAuthorization: headers.upstream_authorization,
    forwardAuthorization: headers.forward_authorization,
    assertionTtlMs: headers.assertion_ttl,
    assertionKey: assertionKey(context),
  }
}

function assertionKey(context: ResolveContext): Secret | null {
  const path = ['auth', 'headers', 'assertion_key_file']
  const file = context.settings.auth.headers.assertion_key_file
  if (file === '') return null
  const absolute = credentialOrPath(context, file)
  context.secretPlaces.push({ key: 'auth.headers.assertion_key', kind: 'file', path: absolute })
  try {
    const pem = readFileSync(absolute, 'utf8')
    if (isP256(pem)) return new Secret(pem)
    context.problems.push({
      code: 'bad_assertion_key',
      message: `the file of \`auth.headers.assertion_key_file\` holds no private P-256 key: ${file}`,
      where: context.origin(path),
      hint: makeKey,
    })
    return null
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    context.problems.push({
      code: 'secret_unreadable',
      message: `the file of \`auth.headers.assertion_key_file\` cannot be read: ${file} (${reason})`,
      where: context.origin(path),
      hint: makeKey,
    })
    return null
  }
}

const makeKey = 'make one with: openssl ecparam -name prime256v1 -genkey -noout -out assertion.pem'

function isP256(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}
