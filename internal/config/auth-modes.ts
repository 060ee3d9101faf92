/** `[auth.basic]`, `[auth.proxy]` and `[auth.dev]`. */

import type { AssumedIdentity, BasicUser, JwtConfig, ProxyAssertion, ProxyAuthConfig } from './auth-types.ts'
import type { ResolveContext } from './context.ts'
import { isLoopback } from './network.ts'
import { redacted, Secret } from './secret.ts'
import type { Path } from './tree.ts'
import type { AuthSettings } from './auth-schema.ts'

/** Resolves the users; null when the mode is off. */
export function resolveBasic(context: ResolveContext, isOn: boolean): readonly BasicUser[] | null {
  const { users } = context.settings.auth.basic
  const path = ['auth', 'basic', 'users']
  // A hash can be guessed at by whoever has it.
  if (context.merged.has(path))
    context.report(
      path,
      users.map((user) => ({ ...user, password_hash: redacted })),
      context.origin(path),
    )
  if (!isOn) return unused(context, 'basic')
  if (users.length === 0)
    incomplete(context, 'basic', '[[auth.basic.users]]', 'add one with name and password_hash')
  for (const [index, user] of users.entries())
    checkUser(context, [...path, String(index)], user, users, index)
  return users.map(({ name, password_hash: hash, email = null, groups, roles }) => ({
    name,
    passwordHash: new Secret(hash),
    email,
    groups,
    roles,
  }))
}

type UserSettings = AuthSettings['basic']['users'][number]

function checkUser(
  context: ResolveContext,
  path: Path,
  { name, password_hash: hash }: UserSettings,
  all: readonly UserSettings[],
  index: number,
): void {
  const where = context.origin([...path, 'password_hash'])
  if (!isHash(hash))
    context.problems.push({
      code: 'bad_password_hash',
      message: `the password_hash of ${name} is not one of \`fluxlit hash-password\``,
      where,
      hint: 'run: fluxlit hash-password',
    })
  if (all.findIndex((other) => other.name === name) !== index)
    context.problems.push({
      code: 'user_twice',
      message: `two users have the name ${name}`,
      where: context.origin(path),
      hint: 'keep one of them',
    })
}

/** As `readHash` of the auth room, which reads it again. */
function isHash(text: string): boolean {
  return /^\$scrypt\$ln=1[4-8],r=(?:[89]|1[0-6]),p=[1-4]\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43,}$/.test(text)
}

/** Resolves who everybody is; null when the mode is off. */
export function resolveDev(context: ResolveContext, isOn: boolean): AssumedIdentity | null {
  const { as } = context.settings.auth.dev
  if (!isOn) return unused(context, 'dev')
  if (as === undefined) {
    incomplete(
      context,
      'dev',
      'auth.dev.as',
      'write as = "ann@example.com" in [auth.dev], or run: fluxlit dev --as ann@example.com',
    )
    return null
  }
  if (!isLoopback(context.settings.gateway_host))
    context.problems.push({
      code: 'dev_sign_in_exposed',
      message: `mode "dev" signs everybody in as ${as}, and \`gateway_host\` is ${context.settings.gateway_host}`,
      where: context.origin(['auth', 'dev', 'as']),
      hint: 'listen on 127.0.0.1, or use another mode',
    })
  const [who = '', groups = ''] = as.split(':', 2)
  return {
    via: 'session',
    subject: who,
    email: who.includes('@') ? who : null,
    groups: groups.split(',').filter((group) => group !== ''),
    roles: [],
    scopes: [],
    claims: {},
  }
}

interface Preset {
  readonly user?: string
  readonly email?: string
  readonly name?: string
  readonly groups?: string
  readonly separator?: string
  readonly assertion?: string
  readonly algorithms?: readonly string[]
  readonly issuer?: string
  readonly jwksUrl?: (issuer: string) => string
  readonly maxLifetimeMs?: number
  /** Beginnings of the names of its cookies. */
  readonly cookies?: readonly string[]
}

type PresetName = AuthSettings['proxy']['preset']

const presets: Readonly<Record<PresetName, Preset>> = {
  custom: {},
  'oauth2-proxy': {
    user: 'X-Forwarded-User',
    email: 'X-Forwarded-Email',
    name: 'X-Forwarded-Preferred-Username',
    groups: 'X-Forwarded-Groups',
    cookies: ['_oauth2_proxy', '__Host-_oauth2_proxy', '__Secure-_oauth2_proxy'],
  },
  authelia: {
    user: 'Remote-User',
    email: 'Remote-Email',
    name: 'Remote-Name',
    groups: 'Remote-Groups',
    cookies: ['authelia_session'],
  },
  authentik: {
    user: 'X-authentik-username',
    email: 'X-authentik-email',
    name: 'X-authentik-name',
    groups: 'X-authentik-groups',
    separator: '|',
    cookies: ['authentik_proxy_'],
  },
  pomerium: {
    assertion: 'X-Pomerium-Jwt-Assertion',
    algorithms: ['ES256'],
    cookies: ['_pomerium'],
  },
  'cloudflare-access': {
    assertion: 'Cf-Access-Jwt-Assertion',
    algorithms: ['RS256'],
    jwksUrl: (issuer) => `${issuer.replace(/\/$/, '')}/cdn-cgi/access/certs`,
    cookies: ['CF_Authorization', 'CF_AppSession'],
  },
  'google-iap': {
    assertion: 'X-Goog-Iap-Jwt-Assertion',
    algorithms: ['ES256'],
    issuer: 'https://cloud.google.com/iap',
    jwksUrl: () => 'https://www.gstatic.com/iap/verify/public_key-jwk',
    maxLifetimeMs: 11 * 60_000,
    cookies: ['GCP_IAP', '__Host-GCP_IAP', 'GCP_IAAP'],
  },
  'aws-alb': { assertion: 'X-Amzn-Oidc-Data', cookies: ['AWSELBAuthSessionCookie'] },
}

/** Resolves what is believed of a proxy in front; null when the mode is off. */
export function resolveProxy(context: ResolveContext, isOn: boolean): ProxyAuthConfig | null {
  const { proxy } = context.settings.auth
  if (!isOn) return unused(context, 'proxy')
  const preset = presets[proxy.preset]
  const config = {
    trustedProxies: proxy.trusted_proxies,
    userHeader: headerName(proxy.user_header, preset.user),
    emailHeader: headerName(proxy.email_header, preset.email),
    nameHeader: headerName(proxy.name_header, preset.name),
    groupsHeader: headerName(proxy.groups_header, preset.groups),
    groupsSeparator: proxy.groups_separator ?? preset.separator ?? ',',
    assertionHeader: headerName(proxy.assertion_header, preset.assertion),
    cookies: preset.cookies ?? [],
  }
  if (config.trustedProxies.length === 0)
    incomplete(
      context,
      'proxy',
      'auth.proxy.trusted_proxies',
      'write trusted_proxies = ["10.20.0.0/16"] in [auth.proxy]: everybody else could say who he is',
    )
  if (config.userHeader === '' && config.assertionHeader === '')
    incomplete(
      context,
      'proxy',
      'auth.proxy.user_header',
      'write preset = "oauth2-proxy" (or another one) in [auth.proxy]',
    )
  const assertion = config.assertionHeader === '' ? null : assertionOf(context, proxy, preset)
  return { ...config, assertion, closeSocketsAtExp: proxy.close_sockets_at_exp }
}

function headerName(given: string | undefined, usual: string | undefined): string {
  return (given ?? usual ?? '').toLowerCase()
}

function assertionOf(
  context: ResolveContext,
  proxy: AuthSettings['proxy'],
  preset: Preset,
): ProxyAssertion | null {
  if (proxy.preset === 'aws-alb') return loadBalancer(context, proxy)
  const issuer = proxy.issuer ?? preset.issuer
  if (issuer === undefined)
    incomplete(context, 'proxy', 'auth.proxy.issuer', 'write issuer = "https://..." in [auth.proxy]')
  if (proxy.audience === undefined)
    incomplete(
      context,
      'proxy',
      'auth.proxy.audience',
      'write audience = ["..."] in [auth.proxy]: without one, assertions for other applications would count',
    )
  const url = proxy.jwks_url ?? preset.jwksUrl?.(issuer ?? '')
  if (url === undefined)
    incomplete(context, 'proxy', 'auth.proxy.jwks_url', 'write jwks_url = "https://..." in [auth.proxy]')
  if (issuer === undefined || proxy.audience === undefined || url === undefined) return null
  return {
    kind: 'jwt',
    jwt: {
      ...assertionRules,
      maxLifetimeMs: preset.maxLifetimeMs ?? assertionRules.maxLifetimeMs,
      issuers: [
        {
          issuer,
          audience: proxy.audience,
          algorithms: preset.algorithms ?? ['RS256', 'ES256', 'EdDSA'],
          keys: { kind: 'url', url },
        },
      ],
    },
  }
}

const assertionRules: Omit<JwtConfig, 'issuers'> = {
  leewayS: 30,
  tokenType: 'any',
  requiredClaims: [],
  maxLifetimeMs: 86_400_000,
  userClaim: 'sub',
  scopeClaim: 'scope',
  rolesClaim: 'roles',
  groupsClaim: 'groups',
  trustUnverifiedEmail: true,
  cooldownMs: 30_000,
  cacheMaxAgeMs: 600_000,
  timeoutMs: 5_000,
  staleIfErrorMs: 86_400_000,
}

/** The address of the keys comes from the region of the ARN, never from an assertion. */
function loadBalancer(
  context: ResolveContext,
  { signer, issuer, jwks_url: url }: AuthSettings['proxy'],
): ProxyAssertion | null {
  const region = /^arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):\d+:loadbalancer\/app\/\S+$/.exec(
    signer ?? '',
  )?.[1]
  if (signer === undefined || region === undefined) {
    incomplete(
      context,
      'proxy',
      'auth.proxy.signer',
      'write signer = "arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID" in [auth.proxy]',
    )
    return null
  }
  return {
    kind: 'aws-alb',
    signer,
    keysUrl: url ?? `https://public-keys.auth.elb.${region}.amazonaws.com/`,
    issuer: issuer ?? '',
    leewayS: 30,
    timeoutMs: 5_000,
  }
}

function incomplete(context: ResolveContext, mode: string, key: string, hint: string): void {
  const path = ['auth', mode]
  context.problems.push({
    code: 'auth_incomplete',
    message: `mode "${mode}" needs \`${key}\``,
    where: context.merged.has(path) ? context.origin(path) : context.origin(['auth', 'modes']),
    hint,
  })
}

/** A table whose mode is off is a warning: somebody thinks that it protects something. */
export function unused(context: ResolveContext, mode: 'basic' | 'proxy' | 'oidc' | 'dev'): null {
  const path = ['auth', mode]
  if (context.merged.has(path))
    context.warnings.push({
      code: 'auth_unused',
      message: `\`auth.${mode}\` has no effect: "${mode}" is not among \`auth.modes\``,
      where: context.origin(path),
      hint: `write modes = ["${mode}"] in [auth], or remove it`,
    })
  return null
}
