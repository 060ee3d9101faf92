/** The two ways in that a session gives: its cookie from outside, its handle from a worker. */

import { failure } from '../../fault/failure.ts'
import { cookieValues } from '../../exchange/cookies.ts'
import { noCredential, type AccessRequest, type Authenticator, type Credential } from '../credential.ts'
import type { Identity } from '../identity.ts'
import { handleGone } from '../page-handles.ts'
import type { Freshness } from '../session/refresh.ts'
import type { LiveSession } from '../session/sessions.ts'
import { clearLine } from './cookie-jar.ts'
import { handleIn } from './self.ts'
import { sessionOf, storeFailure, type LoginParts } from './parts.ts'

/** What {@link cookieAuthenticator} and {@link handleAuthenticator} are made from. */
export interface AuthenticatorParts extends LoginParts {
  /** Whether workers get the person's access token, which must then be a good one. */
  readonly sendsAccessToken: boolean
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
    authenticate({ head: { cookie }, recheck = false }) {
      if (cookie === null || cookieValues(cookie, jar.session).length === 0) return noCredential
      const uses = !recheck || parts.config.session.socketsCount
      return look(parts, () => sessionOf(parts, cookie, uses), gone)
    },
  }
}

/** The worker handle: on the workers' own listener only. */
export function handleAuthenticator(parts: AuthenticatorParts): Authenticator {
  const identities = new WeakMap<Identity, Identity>()
  return {
    mode: 'handle',
    listeners: 'internal',
    authenticate({ head: { authorization } }: AccessRequest) {
      const handle = handleIn(authorization)
      if (handle === '') return noCredential
      const seen = look(parts, () => parts.sessions.openHandle(handle), handleGone)
      return seen instanceof Promise
        ? seen.then((one) => asHandle(one, identities))
        : asHandle(seen, identities)
    },
  }
}

function asHandle(credential: Credential, identities: WeakMap<Identity, Identity>): Credential {
  if (credential.kind !== 'identity') return credential
  const known = identities.get(credential.identity) ?? { ...credential.identity, via: 'handle' as const }
  identities.set(credential.identity, known)
  return { ...credential, identity: known }
}

type Opened = LiveSession | null | Promise<LiveSession | null>

function look(
  parts: AuthenticatorParts,
  open: () => Opened,
  gone: Credential,
): Credential | Promise<Credential> {
  try {
    const session = open()
    if (!(session instanceof Promise)) return judge(parts, session, gone)
    return session
      .then((found) => judge(parts, found, gone))
      .catch((error: unknown) => ({ kind: 'unavailable', failure: storeFailure(error) }) as const)
  } catch (error) {
    return { kind: 'unavailable', failure: storeFailure(error) }
  }
}

function judge(
  parts: AuthenticatorParts,
  session: LiveSession | null,
  gone: Credential,
): Credential | Promise<Credential> {
  if (session === null) return gone
  const freshness = parts.refresher.look(session)
  if (freshness !== 'waiting') return given(parts, session, freshness, gone)
  return parts.refresher.ensure(session).then(
    (outcome) => given(parts, session, outcome, gone),
    (error: unknown) => ({ kind: 'unavailable', failure: storeFailure(error) }) as const,
  )
}

/** A provider that cannot be reached signs nobody out: who it is was true, and the session has an end of its own. */
function given(
  { sendsAccessToken }: AuthenticatorParts,
  session: LiveSession,
  freshness: Freshness,
  gone: Credential,
): Credential {
  if (freshness === 'ended') return gone
  if (freshness === 'stale' && sendsAccessToken) {
    const reason = failure('auth_unavailable', 'There is no new access token at the moment.')
    return { kind: 'unavailable', failure: { ...reason, retryAfterS: 2 } }
  }
  if (freshness === 'spent' && sendsAccessToken) {
    const { accessToken: _spent, ...identity } = session.identity
    return { kind: 'identity', identity }
  }
  return { kind: 'identity', identity: session.identity }
}
