/** What a request takes along that may pass, and what its answer gets: the worker learns who asks from nobody else. */

import type { IdentityHeaders } from '../config/auth-types.ts'
import type { Exchange, Passage } from '../exchange/exchange.ts'
import { takesAuthorization, type AccessRequest } from './credential.ts'
import { withoutCookies } from '../exchange/cookies.ts'
import { headerList, headerText } from './header-text.ts'
import type { Identity } from './identity.ts'
import { isHandle } from './page-handles.ts'

/** Makes passages. */
export interface Passages {
  /** @param identity null = nobody is known @param answerLines field lines for the answer */
  of(request: AccessRequest, identity: Identity | null, answerLines: string): Passage
}

/** What passages are made from. */
export interface PassageParts {
  readonly headers: IdentityHeaders
  /** Null = no cookie is ours. */
  readonly isOwnCookie: ((name: string) => boolean) | null
  /** Signs the assertion; null = none is sent. */
  readonly assertion: ((identity: Identity, upgrade: boolean) => string) | null
  /** Makes the token that applications check with a shared secret; null = they get none. */
  readonly firstParty: ((identity: Identity) => string) | null
  /** What a Streamlit page shows the workers' own listener for the person. */
  readonly handleFor: (identity: Identity, handshake: Exchange) => string
}

/** Compiles them: what is the same for an identity is built once for it. */
export function compilePassages({
  headers,
  isOwnCookie,
  assertion,
  firstParty,
  handleFor,
}: PassageParts): Passages {
  const upstream = upstreamFor(headers, firstParty)
  const lines = new WeakMap<Identity, string>()
  const linesOf = (identity: Identity): string => {
    const known = lines.get(identity)
    if (known !== undefined) return known
    const made = identityLines(identity, headers)
    lines.set(identity, made)
    return made
  }
  const signed = (identity: Identity, upgrade: boolean): string =>
    assertion === null ? '' : `${headers.assertion}: ${assertion(identity, upgrade)}\r\n`
  return {
    of(request, identity, answerLines) {
      const { exchange, head } = request
      const { cookie } = head
      return {
        workerLines:
          identity === null
            ? ''
            : linesOf(identity) +
              signed(identity, exchange.kind === 'websocket') +
              handleLine(request, identity, handleFor),
        authorization: authorizationFor(request, identity, headers, upstream),
        cookie: cookie === null || isOwnCookie === null ? cookie : withoutCookies(cookie, isOwnCookie),
        answerLines,
        personal: identity !== null,
        isOwnCookie,
      }
    },
  }
}

/** Streamlit's pages see the heads of their socket, and nothing of what they ask later. */
function handleLine(
  { exchange, worker }: AccessRequest,
  identity: Identity,
  handleFor: PassageParts['handleFor'],
): string {
  if (exchange.kind !== 'websocket' || worker?.kind !== 'streamlit') return ''
  return line('X-Fluxlit-Session-Handle', handleFor(identity, exchange))
}

/** What workers get in the place of the gateway's credential; null = nothing. */
type UpstreamAuthorization = (request: AccessRequest, identity: Identity) => string | null

function upstreamFor(
  { upstreamAuthorization }: IdentityHeaders,
  firstParty: PassageParts['firstParty'],
): UpstreamAuthorization {
  switch (upstreamAuthorization) {
    case 'strip':
      return () => null
    case 'access_token':
      return ({ worker }, { accessToken }) =>
        accessToken !== undefined && takesAuthorization(worker) ? `Bearer ${accessToken}` : null
    case 'first_party':
      return ({ worker }, identity) =>
        firstParty !== null && takesAuthorization(worker) ? `Bearer ${firstParty(identity)}` : null
  }
}

/**
 * What was the gateway's credential goes no further, but for a bearer, which the application may want to look at too.
 * Where nobody had to be known the field is between the client and the application.
 */
function authorizationFor(
  request: AccessRequest,
  identity: Identity | null,
  { forwardAuthorization }: IdentityHeaders,
  upstream: UpstreamAuthorization,
): string | null {
  const sent = request.head.authorization
  // A handle that counts no longer, at an address that is open to everybody, is still nothing for a worker to have.
  if (identity === null) return isHandle(sent) ? null : sent
  const bearer = identity.via === 'jwt' ? sent : (identity.bearer ?? null)
  if (bearer !== null && forwardAuthorization) return bearer
  const given = upstream(request, identity)
  // Where a proxy in front signs people in the field was never the gateway's.
  return identity.via === 'proxy' || identity.via === 'dev' ? (given ?? sent) : given
}

function identityLines(identity: Identity, headers: IdentityHeaders): string {
  const groups = headerList(identity.groups)
  return (
    textLine(headers.user, identity.subject) +
    textLine(headers.email, identity.email) +
    textLine(headers.preferredUsername, identity.preferredUsername) +
    textLine('X-Fluxlit-Name', identity.name) +
    line(headers.accessToken, identity.accessToken ?? '') +
    line(headers.groups, groups.length > headers.maxGroupsBytes ? '' : groups) +
    'X-Fluxlit-Logged-In: true\r\n'
  )
}

function textLine(name: string, value: string | null): string {
  return line(name, value === null ? '' : headerText(value))
}

function line(name: string, value: string): string {
  return name === '' || value === '' ? '' : `${name}: ${value}\r\n`
}
