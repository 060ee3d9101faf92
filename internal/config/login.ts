/** `[auth.oidc]`, `[auth.session]` and `[outbound]`: login at a provider, and what would make it insecure. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import type {
  LoginConfig,
  OidcConfig,
  OidcPreset,
  OutboundConfig,
  SessionConfig,
  SessionStoreConfig,
} from './login-types.ts'
import { resolveClientAuth } from './client-auth.ts'
import { isLoopback } from './network.ts'
import { Secret, shownValue } from './secret.ts'
import { resolveSecretKey } from './secret-key.ts'
import type { Path } from './tree.ts'

/** What else the configuration says. */
export interface LoginSurroundings {
  /** Of the gateway. */
  readonly name: string
  readonly stateDir: string | null
  readonly workers: readonly WorkerConfig[]
  readonly outbound: OutboundConfig
  readonly secrets: AuthSecrets
}

/** Resolves login at a provider; asked only when mode `oidc` is on. */
export function resolveLogin(context: ResolveContext, around: LoginSurroundings): LoginConfig {
  const { settings } = context
  const { publicOrigin, secure } = publicSide(context)
  return {
    name: around.name,
    oidc: resolveOidc(context, around.secrets),
    session: resolveSession(context, around),
    prefix: settings.auth.prefix,
    streamlitNative: settings.auth.streamlit_native,
    signInPage: settings.auth.sign_in_page,
    secure,
    publicOrigin,
    rootPath: settings.root_path,
    apiMounts: around.workers.flatMap((worker) =>
      worker.kind === 'uvicorn' && worker.mount !== '/' ? [worker.mount] : [],
    ),
    outbound: around.outbound,
  }
}

/** The secrets, also where nobody logs in: whoever prints the configuration must not print one. */
export function resolveAuthSecrets(context: ResolveContext): AuthSecrets {
  return {
    tokens: resolveSecretKey(context, ['auth', 'jwt', 'hs256_secret']),
    client: resolveSecretKey(context, ['auth', 'oidc', 'client_secret']),
    clientKey: resolveSecretKey(context, ['auth', 'oidc', 'client_key']),
    session: resolveSecretKey(context, ['auth', 'session', 'secrets']),
    redis: resolveSecretKey(context, ['auth', 'session', 'redis_url']),
    firstParty: resolveSecretKey(context, ['auth', 'headers', 'first_party_secret']),
  }
}

/** What {@link resolveAuthSecrets} found; null = not given, or not readable, which is a problem already. */
export interface AuthSecrets {
  /** What bearer tokens are signed with. */
  readonly tokens: Secret | null
  readonly client: Secret | null
  readonly clientKey: Secret | null
  readonly session: Secret | null
  readonly redis: Secret | null
  readonly firstParty: Secret | null
}

/** Where browsers are: login needs https, or nobody else on the way. */
function publicSide(context: ResolveContext): { readonly publicOrigin: string; readonly secure: boolean } {
  const { public_base_url: base, gateway_host: host, tls } = context.settings
  const hasTls = tls.cert_file !== ''
  if (base !== '') {
    const url = new URL(base)
    if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, '')))
      report(
        context,
        ['public_base_url'],
        'login_insecure',
        '`public_base_url` is plain http, and people sign in here',
        {
          hint: 'write the https address that browsers use; TLS may end in front of the gateway',
        },
      )
    return { publicOrigin: url.origin, secure: url.protocol === 'https:' }
  }
  if (!isLoopback(host))
    report(
      context,
      ['gateway_host'],
      'login_insecure',
      'people sign in here, and nobody says under which address',
      {
        hint: 'set public_base_url = "https://app.example.com", the address that browsers see',
      },
    )
  return { publicOrigin: '', secure: hasTls }
}

function resolveOidc(context: ResolveContext, secrets: AuthSecrets): OidcConfig {
  const given = context.settings.auth.oidc
  const { preset } = given
  const issuer = given.issuer === '' && preset === 'google' ? 'https://accounts.google.com' : given.issuer
  checkIssuer(context, issuer, preset)
  if (given.client_id === '')
    report(context, ['auth', 'oidc', 'client_id'], 'oidc_incomplete', '`auth.oidc.client_id` is missing', {
      hint: 'write the name of this application at the provider',
    })
  const scopes = given.scopes ?? defaultScopes(preset)
  if (!scopes.includes('openid'))
    report(context, ['auth', 'oidc', 'scopes'], 'bad_value', '`auth.oidc.scopes` lacks "openid"', {
      hint: 'add "openid": without it the provider says nothing about who it is',
    })
  return {
    preset,
    issuer,
    clientId: given.client_id,
    clientAuth: resolveClientAuth(context, secrets),
    scopes,
    redirectUri: given.redirect_uri,
    // Google gives refresh tokens for this and for no scope.
    authorizationParams: {
      ...(preset === 'google' ? { access_type: 'offline' } : {}),
      ...given.authorization_params,
    },
    userinfo: given.userinfo,
    userClaim: given.user_claim,
    emailClaim: given.email_claim,
    nameClaim: given.name_claim,
    groupsClaim: given.groups_claim,
    rolesClaim: given.roles_claim ?? (preset === 'keycloak' ? 'realm_access.roles' : 'roles'),
    requireVerifiedEmail: given.require_verified_email,
    trustUnverifiedEmail: given.trust_unverified_email ?? preset === 'entra',
    allowedEmailDomains: given.allowed_email_domains,
    allowedGroups: given.allowed_groups,
    groupsFrom: given.group_names ? 'graph' : given.groups_overage === 'graph' ? 'graph_on_overage' : 'token',
    groupNames: given.group_names,
    graphUrl: given.graph_url,
    backchannelLogout: given.backchannel_logout,
    backchannelEverywhere: given.backchannel_logout_everywhere,
    timeoutMs: given.http_timeout,
    allowInsecureIssuer: given.allow_insecure_issuer,
  }
}

function defaultScopes(preset: OidcPreset): readonly string[] {
  const usual = ['openid', 'profile', 'email']
  if (preset === 'entra') return [...usual, 'offline_access', 'User.Read']
  return preset === 'okta' ? [...usual, 'offline_access', 'groups'] : usual
}

function checkIssuer(context: ResolveContext, issuer: string, preset: OidcPreset): void {
  const path = ['auth', 'oidc', 'issuer']
  if (issuer === '')
    return report(context, path, 'oidc_incomplete', '`auth.oidc.issuer` is missing', {
      hint: 'write the issuer of your provider, as its /.well-known/openid-configuration names it',
    })
  const { protocol, hostname, pathname } = new URL(issuer)
  if (preset === 'entra' && /^\/(common|organizations|consumers)\b/.test(pathname))
    report(context, path, 'oidc_insecure', '`auth.oidc.issuer` lets people of every tenant in', {
      hint: 'write your tenant: https://login.microsoftonline.com/TENANT-ID/v2.0',
    })
  if (protocol === 'https:') return
  const allowed = context.settings.auth.oidc.allow_insecure_issuer
  if (!allowed || !isLoopback(hostname.replace(/^\[|\]$/g, '')))
    report(
      context,
      path,
      'oidc_insecure',
      '`auth.oidc.issuer` is plain http: anybody on the way could sign in as anybody',
      {
        hint: 'write https; allow_insecure_issuer = true is for a provider on this machine, in tests',
      },
    )
}

function resolveSession(context: ResolveContext, around: LoginSurroundings): SessionConfig {
  const given = context.settings.auth.session
  const base = ['auth', 'session']
  const text = around.secrets.session
  const secrets = (text === null ? [] : text.reveal().split(',')).map((one) => new Secret(one.trim()))
  if (secrets.some((one) => !isSessionSecret(one)))
    report(
      context,
      [...base, 'secrets'],
      'secret_weak',
      '`auth.session.secrets` holds one that is not 32 bytes in base64url',
      {
        hint: 'make one with: openssl rand 32 | basenc --base64url -w0 | tr -d =',
      },
    )
  if (given.idle_timeout > given.absolute_lifetime)
    report(
      context,
      [...base, 'idle_timeout'],
      'bad_value',
      '`auth.session.idle_timeout` is longer than `absolute_lifetime`',
      {
        hint: 'lower it, or write "0s"',
      },
    )
  return {
    store: resolveStore(context, around, secrets.length > 0),
    secrets,
    cookieName: given.cookie_name,
    sameSite: given.cookie_same_site,
    absoluteMs: given.absolute_lifetime,
    idleMs: given.idle_timeout,
    socketsCount: given.open_websocket_counts_as_activity,
    refreshMarginMs: given.refresh_margin,
    loginTimeoutMs: given.login_timeout,
    maxPendingLogins: given.max_pending_logins,
    recheckSocketsMs: given.recheck_sockets_every,
    streamlitLoginRedirect: given.streamlit_login_redirect,
  }
}

/** Whether it is 32 bytes or more, in base64url. */
function isSessionSecret(secret: Secret): boolean {
  return /^[A-Za-z0-9_-]{43,}$/.test(secret.reveal())
}

function resolveStore(
  context: ResolveContext,
  { stateDir, secrets: { redis: url } }: LoginSurroundings,
  hasSecrets: boolean,
): SessionStoreConfig {
  const { store: asked, redis_prefix: prefix } = context.settings.auth.session
  const path = ['auth', 'session', 'store']
  const kind = asked ?? (stateDir === null ? 'memory' : 'sqlite')
  if (asked === undefined) context.report(path, kind, 'default')
  if (kind === 'sqlite') {
    if (stateDir !== null) return { kind, path: join(stateDir, 'sessions.db') }
    report(
      context,
      path,
      'no_state_dir',
      '`auth.session.store` is "sqlite", and there is no state directory',
      {
        hint: 'set [state] dir',
      },
    )
  }
  if (kind !== 'redis') return { kind: 'memory' }
  checkRedis(context, url, hasSecrets)
  return { kind, url: url ?? new Secret(''), prefix }
}

function checkRedis(context: ResolveContext, url: Secret | null, hasSecrets: boolean): void {
  const { redis_url, redis_url_env, redis_url_file } = context.settings.auth.session
  const given = [redis_url, redis_url_env, redis_url_file].some((form) => form !== undefined)
  const path = ['auth', 'session', 'redis_url']
  if (url === null && !given)
    report(context, path, 'redis_incomplete', '`auth.session.redis_url` is missing', {
      hint: 'set redis_url_env or redis_url_file, such as rediss://:PASSWORD@redis.example:6380',
    })
  if (url !== null && !/^(rediss?:\/\/[^\s]+|unix:\/[^\s]+)$/.test(url.reveal()))
    report(context, path, 'bad_value', '`auth.session.redis_url` is no address of Redis', {
      hint: 'write redis://host:6379, rediss://host:6380 or unix:/path/to/socket',
    })
  if (!hasSecrets)
    report(
      context,
      ['auth', 'session', 'store'],
      'secrets_missing',
      'gateways that share sessions need the same `auth.session.secrets`',
      {
        hint: 'set secrets_env or secrets_file to the same value everywhere',
      },
    )
}

/** Resolves `[outbound]`. */
export function resolveOutbound(context: ResolveContext): OutboundConfig {
  const { proxy, no_proxy: noProxy, ca_file: file, system_ca: systemCa } = context.settings.outbound
  const path = ['outbound', 'proxy']
  // The address may hold a password.
  if (context.merged.has(path)) context.report(path, shownValue('', proxy), context.origin(path))
  const caFile = file === '' ? null : resolve(context.root, file)
  if (caFile !== null) checkCertificates(context, caFile)
  return {
    proxy:
      proxy === 'env'
        ? { kind: 'env' }
        : proxy === ''
          ? { kind: 'none' }
          : { kind: 'url', url: new Secret(proxy) },
    noProxy,
    caFile,
    systemCa,
  }
}

function checkCertificates(context: ResolveContext, file: string): void {
  try {
    void new X509Certificate(readFileSync(file))
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    report(
      context,
      ['outbound', 'ca_file'],
      'ca_unreadable',
      `\`outbound.ca_file\` holds no certificate that can be read: ${file} (${reason})`,
      {
        hint: 'name a file with certificates in PEM form',
      },
    )
  }
}

function report(
  context: ResolveContext,
  path: Path,
  code: string,
  message: string,
  { hint }: { readonly hint: string },
): void {
  context.problems.push({ code, message, where: context.origin(path), hint })
}
