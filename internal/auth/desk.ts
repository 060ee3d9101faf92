/** Everything about signing in under one configuration, put together once; see {@link openDesk}. */

import type { AuthConfig } from '../config/auth-types.ts'
import type { Config } from '../config/config.ts'
import { compileHeadRules, type HeadRules } from '../exchange/head.ts'
import type { Logger } from '../log/types.ts'
import { compileAssertion, type AssertionKey } from './assertion.ts'
import { compileAuthorize, type AuthWatch, type Authorize } from './authorize.ts'
import type { AccessRequest, Authenticator } from './credential.ts'
import type { LoginEndpoints } from './endpoints.ts'
import type { Identity } from './identity.ts'
import type { Fetch } from './jwt/key-source.ts'
import { compileFirstParty } from './first-party.ts'
import { openModes } from './modes.ts'
import { pageAuthenticator, type PageHandles } from './page-handles.ts'
import { compilePassages } from './passage.ts'
import type { SharedRates } from './shared-rates.ts'
import { compileUnauthenticated } from './unauthenticated.ts'

/** What the request path needs, and what workers have to be told. */
export interface Desk {
  /** For requests from outside. */
  readonly front: Authorize
  /** For the workers' own calls. */
  readonly internal: Authorize
  readonly headRules: HeadRules
  /** Null while nobody can log in here. */
  readonly endpoints: LoginEndpoints | null
  /** Where gateways count requests together; null = each for itself. */
  readonly rates: SharedRates | null
  /** Public keys of the assertion as JSON text: `FLUXLIT_ASSERTION_JWKS` of the workers. */
  readonly jwks: string
  /** Ends what runs beside the requests; the login is ended by whoever opened it. */
  close(): Promise<void>
}

/** Login at a provider: what mode `oidc` adds. */
export interface Login {
  readonly endpoints: LoginEndpoints
  readonly authenticators: readonly Authenticator[]
  /** Where gateways count requests together; null = each for itself. */
  readonly rates: SharedRates | null
  /** Whether a cookie is one of the gateway's own: no worker sees it, none may set it. */
  isOwnCookie(name: string): boolean
  /** What Streamlit's pages show the workers' own listener for the person; null = they have no session. */
  handleFor(identity: Identity): string | null
  close(): Promise<void>
}

/** What a desk is made from. */
export interface DeskParts {
  readonly config: Pick<Config, 'name' | 'publicBaseUrl'>
  readonly auth: AuthConfig
  /** Null = mode `oidc` is off. */
  readonly login: Login | null
  readonly key: AssertionKey
  /** Of the pages that are open. */
  readonly handles: PageHandles
  /** Whether a page of this origin is one of ours, asked for this host. */
  readonly isOwnOrigin: (origin: string, host: string) => boolean
  readonly watch: AuthWatch
  readonly room: DeskRoom
}

/** What of the world around a desk needs. */
export interface DeskRoom {
  readonly logger: Logger
  /** For the addresses of providers, by way of the proxy where there is one. */
  readonly fetch: Fetch
  /** Told of identity headers that somebody sends who is no proxy in front. */
  readonly untrusted: (request: AccessRequest) => void
  /** Monotonic milliseconds by which failed attempts are forgiven; left out = those of the process. */
  readonly attemptClock?: () => number
  /** Counts fetches of keys. */
  readonly keysFetched: (result: 'ok' | 'error') => void
}

/** The order in which modes look for their credential; a handle has the scheme of a token, and is none. */
const order = ['handle', 'jwt', 'basic', 'proxy', 'oidc', 'dev'] as const

/** Puts the desk together. */
export function openDesk(parts: DeskParts): Desk {
  const { auth, login, key, handles } = parts
  const { headers } = auth
  const modes = openModes(parts)
  const authenticators = [
    ...(login?.authenticators ?? []),
    // Behind the handles of sessions: what is none of those ends here.
    pageAuthenticator(handles, Date.now),
    ...modes.authenticators,
  ].toSorted((a, b) => order.indexOf(a.mode) - order.indexOf(b.mode))
  const assertion = compileAssertion(key, {
    issuer: parts.config.publicBaseUrl === '' ? parts.config.name : parts.config.publicBaseUrl,
    ttlMs: headers.assertionTtlMs,
    maxGroupsBytes: headers.maxGroupsBytes,
    now: Date.now,
  })
  const passages = compilePassages({
    headers,
    isOwnCookie: ownCookies(login, auth.proxy?.cookies ?? []),
    assertion: headers.assertion === '' ? null : assertion,
    firstParty:
      headers.firstParty === null
        ? null
        : compileFirstParty(headers.firstParty, { maxGroupsBytes: headers.maxGroupsBytes, now: Date.now }),
    handleFor: (identity, handshake) =>
      // One that another handle brought forth would outlive the page that one was for.
      login?.handleFor(identity) ?? (identity.via === 'handle' ? '' : handles.valueFor(handshake)),
  })
  const authorizeFor = (listener: 'public' | 'internal'): Authorize =>
    compileAuthorize({
      auth,
      authenticators: authenticators.filter(
        ({ listeners }) => listeners === 'both' || listeners === listener,
      ),
      passages,
      unauthenticated: compileUnauthenticated({
        startLocation: login === null ? null : (target) => login.endpoints.startLocation(target),
        challenges: modes.challenges,
      }),
      isOwnOrigin: parts.isOwnOrigin,
      identityNames: auth.proxy === null ? ownedNames(auth) : null,
      watch: parts.watch,
    })
  return {
    front: authorizeFor('public'),
    internal: authorizeFor('internal'),
    headRules: compileHeadRules(ownedNames(auth)),
    endpoints: login?.endpoints ?? null,
    rates: login?.rates ?? null,
    jwks: key.jwks,
    close() {
      modes.close()
      return Promise.resolve()
    },
  }
}

/** Cookies by which people are known, here or at the proxy in front: no page may read them. Null = there are none. */
function ownCookies(login: Login | null, ofProxy: readonly string[]): ((name: string) => boolean) | null {
  if (ofProxy.length === 0) return login === null ? null : (name) => login.isOwnCookie(name)
  return (name) => ofProxy.some((start) => name.startsWith(start)) || login?.isOwnCookie(name) === true
}

/** Header names that the configuration gives to the gateway, lower case. */
function ownedNames({ headers, proxy }: Pick<AuthConfig, 'headers' | 'proxy'>): ReadonlySet<string> {
  const names = [
    headers.user,
    headers.email,
    headers.groups,
    headers.preferredUsername,
    headers.assertion,
    headers.accessToken,
    ...(proxy === null
      ? []
      : [proxy.userHeader, proxy.emailHeader, proxy.nameHeader, proxy.groupsHeader, proxy.assertionHeader]),
  ]
  return new Set(names.filter((name) => name !== '').map((name) => name.toLowerCase()))
}
