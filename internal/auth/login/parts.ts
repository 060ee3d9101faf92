/** What the login endpoints share. */

import { failure, type Failure } from '../../fault/failure.ts'
import type { LoginConfig } from '../../config/login-types.ts'
import { cookieValues } from '../../exchange/cookies.ts'
import type { AccessRequest } from '../credential.ts'
import type { Provider } from '../oidc/provider.ts'
import type { KeyRing } from '../session/key-ring.ts'
import type { Refresher } from '../session/refresh.ts'
import type { LiveSession, Sessions } from '../session/sessions.ts'
import type { CookieJar } from './cookie-jar.ts'
import type { ReturnRules } from './return-target.ts'

/** What happens to people, for the audit log, counters and the log. */
export type LoginEvent =
  | { readonly event: 'login.start' }
  | { readonly event: 'login.ok'; readonly sub: string; readonly session: string }
  | { readonly event: 'login.denied'; readonly reason: string; readonly sub?: string }
  | {
      readonly event: 'logout'
      readonly kind: 'local' | 'back-channel'
      readonly sub?: string
      readonly session?: string
    }

/** Everything an endpoint may need. */
export interface LoginParts {
  readonly config: LoginConfig
  readonly jar: CookieJar
  readonly ring: KeyRing
  readonly sessions: Sessions
  readonly refresher: Refresher
  readonly provider: Provider
  readonly returns: () => ReturnRules
  /** Scheme, host and port that browsers see. */
  readonly publicOrigin: () => string
  /** Paths of the endpoints, with the root path. */
  readonly paths: LoginPaths
  readonly tell: (event: LoginEvent, request: AccessRequest) => void
  /** Public keys of the assertion, as JSON text. */
  readonly jwks: () => string
  /** Wall clock in milliseconds. */
  readonly now: () => number
}

/** Where the endpoints are. */
export interface LoginPaths {
  readonly start: string
  readonly signIn: string
  readonly signOut: string
  readonly signedOut: string
  readonly home: string
}

/** The session of a browser; of several cookies of the name the first that opens one. @throws StoreUnavailable */
export function sessionOf(
  { jar, sessions }: Pick<LoginParts, 'jar' | 'sessions'>,
  cookie: string | null,
  uses = true,
): LiveSession | null | Promise<LiveSession | null> {
  if (cookie === null) return null
  return firstOf(sessions, cookieValues(cookie, jar.session), 0, uses)
}

/** So many cookies of one name are tried. */
const mostCookies = 4

function firstOf(
  sessions: Sessions,
  values: readonly string[],
  from: number,
  uses: boolean,
): LiveSession | null | Promise<LiveSession | null> {
  for (let index = from; index < Math.min(values.length, mostCookies); index++) {
    const session = sessions.open(values[index] ?? '', uses)
    if (session instanceof Promise)
      return session.then((found) => found ?? firstOf(sessions, values, index + 1, uses))
    if (session !== null) return session
  }
  return null
}

/** The store does not answer: nobody is signed out by it. */
export function storeFailure(cause: unknown): Failure {
  return {
    ...failure('auth_unavailable', 'Sign-ins cannot be looked up at the moment.'),
    retryAfterS: 2,
    cause,
  }
}

/** One value of a query; null when it is missing or given twice. */
export function single(query: string, name: string): string | null {
  const values = new URLSearchParams(query).getAll(name)
  return values.length === 1 ? (values[0] ?? null) : null
}
