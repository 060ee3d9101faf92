/** Login at a provider, put together: what mode `oidc` adds to the desk. */

import type { LoginConfig } from '../../config/login-types.ts'
import type { AccessRequest } from '../credential.ts'
import type { Login } from '../desk.ts'
import { refusedAtGate } from '../oidc/claims.ts'
import { Provider } from '../oidc/provider.ts'
import { Outbound } from '../outbound.ts'
import { KeyRing } from '../session/key-ring.ts'
import { Refresher, type RefreshOutcome } from '../session/refresh.ts'
import { Roster } from '../session/roster.ts'
import { Sessions, type LiveSession, type SessionListener } from '../session/sessions.ts'
import type { SessionStore } from '../session/store.ts'
import { SharedRates } from '../shared-rates.ts'
import {
  cookieAuthenticator,
  handleAuthenticator,
  type AccessTokenFor,
  type AuthenticatorParts,
} from './authenticators.ts'
import { cookieJar, isOwnCookie } from './cookie-jar.ts'
import { compileEndpoints } from './endpoints.ts'
import type { LoginEvent, LoginPaths } from './parts.ts'

/** Told of what happens beside the requests. */
export interface LoginWatch {
  event(event: LoginEvent, request: AccessRequest): void
  refreshed(outcome: RefreshOutcome, session: LiveSession, reason: string): void
  provider(state: 'up' | 'down', reason: string): void
  rates(state: 'shared' | 'alone'): void
}

/** What {@link openLogin} needs. */
export interface LoginRoom {
  readonly config: LoginConfig
  /** Opened already, and closed by whoever opened it. */
  readonly store: SessionStore
  readonly secrets: readonly [Buffer, ...Buffer[]]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Which workers get the person's access token. */
  readonly accessTokenFor: AccessTokenFor
  readonly jwks: () => string
  /** Address the gateway listens on, once it does. */
  readonly listening: () => string
  readonly watch: LoginWatch
}

/** A login that is open, and its sessions. */
export interface OpenLogin extends Login {
  readonly sessions: Sessions
  readonly roster: Roster
  listen(listener: SessionListener): void
}

/** Puts it together, and begins to look for the provider. @throws Error when `outbound.ca_file` cannot be read */
export function openLogin({ config, store, secrets, env, watch, ...room }: LoginRoom): OpenLogin {
  const { oidc, session } = config
  const outbound = new Outbound({ config: config.outbound, env, timeoutMs: oidc.timeoutMs })
  const ring = new KeyRing(secrets)
  const publicOrigin = (): string =>
    config.publicOrigin === '' ? new URL(room.listening()).origin : config.publicOrigin
  const provider = new Provider({
    config: oidc,
    redirectUri: () => redirectUri(config, publicOrigin()),
    outbound,
    onState: (state, reason) => watch.provider(state, reason),
  })
  const sessions = new Sessions({ store, ring, config: session, oidc })
  const refresher = new Refresher({
    sessions,
    provider,
    marginMs: session.refreshMarginMs,
    mayStay: (data) => refusedAtGate(data, oidc) === null,
    onOutcome: (outcome, of, reason) => watch.refreshed(outcome, of, reason),
  })
  const never = neverReturnedTo(config)
  const jar = cookieJar({
    cookieName: session.cookieName,
    sameSite: session.sameSite,
    secure: config.secure,
    rootPath: config.rootPath,
    name: config.name,
  })
  const parts: AuthenticatorParts = {
    config,
    jar,
    ring,
    sessions,
    refresher,
    provider,
    paths: pathsOf(config),
    publicOrigin,
    returns: () => ({ publicOrigin: publicOrigin(), rootPath: config.rootPath, never }),
    tell: (event, request) => watch.event(event, request),
    jwks: room.jwks,
    now: Date.now,
    accessTokenFor: room.accessTokenFor,
  }
  sessions.listen(revoking(provider))
  provider.start()
  return {
    endpoints: compileEndpoints(parts),
    authenticators: [cookieAuthenticator(parts), handleAuthenticator(parts)],
    rates: ratesIn(store, ring, watch),
    isOwnCookie: (name) => isOwnCookie(jar, name),
    sessions,
    roster: new Roster(sessions, ring, session.idleMs),
    handleFor: ({ sessionKey }) => {
      const known = sessionKey === null ? null : sessions.known(sessionKey)
      return known === null ? null : sessions.handleOf(known)
    },
    listen: (listener) => sessions.listen(listener),
    close() {
      provider.close()
      outbound.close()
      sessions.close()
      return Promise.resolve()
    },
  }
}

function redirectUri({ oidc, rootPath, prefix }: LoginConfig, publicOrigin: string): string {
  return oidc.redirectUri === '' ? `${publicOrigin}${rootPath}${prefix}/callback` : oidc.redirectUri
}

/** The provider forgets what an operator ended. Told by whichever gateway has it open: nobody else can open its record. */
function revoking(provider: Provider): SessionListener {
  return {
    onEnd(_key, why, ended) {
      if (why === 'ended_by_operator' && ended !== null) void provider.revoke(ended.data.refreshToken)
    },
    onChange: () => undefined,
  }
}

function ratesIn(store: SessionStore, ring: KeyRing, watch: LoginWatch): SharedRates | null {
  const [key] = ring.derived('rate')
  if (store.askRate === undefined || key === undefined) return null
  return new SharedRates({
    ask: store.askRate.bind(store),
    key,
    now: () => performance.now(),
    onState: (state) => watch.rates(state),
  })
}

function pathsOf({ rootPath, prefix }: LoginConfig): LoginPaths {
  const at = (name: string): string => `${rootPath}${prefix}/${name}`
  return {
    start: at('start'),
    signIn: at('sign_in'),
    signOut: at('sign_out'),
    signedOut: at('signed_out'),
    home: `${rootPath}/`,
  }
}

function neverReturnedTo({ rootPath, prefix, apiMounts }: LoginConfig): readonly string[] {
  return [prefix, '/auth/login', '/auth/logout', '/_stcore', '/__fluxlit', ...apiMounts].map(
    (path) => rootPath + path,
  )
}
