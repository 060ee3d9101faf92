/** The two ways in that a session gives: its cookie from outside, its handle from a worker. */

import { failure } from '../../fault/failure.ts'
import { cookieValues } from '../../exchange/cookies.ts'
import {
  noCredential,
  takesAuthorization,
  type AccessRequest,
  type Authenticator,
  type Credential,
} from '../credential.ts'
import { handleGone, handleIdentities } from '../page-handles.ts'
import type { Freshness } from '../session/refresh.ts'
import type { LiveSession } from '../session/sessions.ts'
import { clearLine } from './cookie-jar.ts'
import { handleIn } from './self.ts'
import { sessionOf, storeFailure, type LoginParts } from './parts.ts'

/** Which workers get the person's access token: none, those of `upstream_authorization`, or all in a header of its own. */
export type AccessTokenFor = 'nobody' | 'apis' | 'everybody'

/** What {@link cookieAuthenticator} and {@link handleAuthenticator} are made from. */
export interface AuthenticatorParts extends LoginParts {
  /** Which workers get the person's access token, which must then be a good one. */
  readonly accessTokenFor: AccessTokenFor
}

/** Mode `oidc`. */
export function cookieAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { jar } = parts
  const gone: Credential = {
    kind: 'rejected',
    failure: failure('unauthenticated'),
    answerLines: clearLine(jar, jar.session),
    expired: true,
  }
  return {
    mode: 'oidc',
    listeners: 'public',
    authenticate({ head: { cookie }, worker, recheck }) {
      if (cookie === null || cookieValues(cookie, jar.session).length === 0) return noCredential
      const uses = recheck === undefined || parts.config.session.socketsCount
      const lookup = { parts, gone, needsToken: needsToken(parts, worker) }
      return look(lookup, () => sessionOf(parts, cookie, uses))
    },
  }
}

/** The worker handle: on the workers' own listener only. */
export function handleAuthenticator(parts: AuthenticatorParts): Authenticator {
  const identities = handleIdentities()
  const asHandle = (one: Credential): Credential =>
    one.kind === 'identity' ? { ...one, identity: identities(one.identity) } : one
  return {
    mode: 'handle',
    listeners: 'internal',
    authenticate({ head: { authorization }, worker }: AccessRequest) {
      const handle = handleIn(authorization)
      if (handle === '') return noCredential
      const lookup = { parts, gone: handleGone, needsToken: needsToken(parts, worker) }
      const seen = look(lookup, () => parts.sessions.openHandle(handle))
      return seen instanceof Promise ? seen.then(asHandle) : asHandle(seen)
    },
  }
}

type Opened = LiveSession | null | Promise<LiveSession | null>

/** How a session is looked up for one request. */
interface Lookup {
  readonly parts: AuthenticatorParts
  /** What is said when there is none. */
  readonly gone: Credential
  /** Whether the worker gets the access token, which must then be a good one. */
  readonly needsToken: boolean
}

function needsToken({ accessTokenFor }: AuthenticatorParts, worker: AccessRequest['worker']): boolean {
  return accessTokenFor === 'everybody' || (accessTokenFor === 'apis' && takesAuthorization(worker))
}

function look(lookup: Lookup, open: () => Opened): Credential | Promise<Credential> {
  try {
    const session = open()
    if (!(session instanceof Promise)) return judge(lookup, session)
    return session
      .then((found) => judge(lookup, found))
      .catch((error: unknown) => ({ kind: 'unavailable', failure: storeFailure(error) }) as const)
  } catch (error) {
    return { kind: 'unavailable', failure: storeFailure(error) }
  }
}

function judge(lookup: Lookup, session: LiveSession | null): Credential | Promise<Credential> {
  if (session === null) return lookup.gone
  const { refresher } = lookup.parts
  const freshness = refresher.look(session)
  if (freshness !== 'waiting') return given(lookup, session, freshness)
  return refresher.ensure(session).then(
    (outcome) => given(lookup, session, outcome),
    (error: unknown) => ({ kind: 'unavailable', failure: storeFailure(error) }) as const,
  )
}

/** A provider that cannot be reached signs nobody out: who it is was true, and the session has an end of its own. */
function given({ gone, needsToken: needed }: Lookup, session: LiveSession, freshness: Freshness): Credential {
  if (freshness === 'ended') return gone
  if (freshness === 'stale' && needed) {
    const reason = failure('auth_unavailable', 'There is no new access token at the moment.')
    return { kind: 'unavailable', failure: { ...reason, retryAfterS: 2 } }
  }
  if (freshness === 'spent' && needed) {
    const { accessToken: _spent, ...identity } = session.identity
    return { kind: 'identity', identity }
  }
  return { kind: 'identity', identity: session.identity }
}
