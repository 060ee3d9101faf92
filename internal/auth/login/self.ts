/** What the endpoints say about the person: to pages (`userinfo`), other proxies (`auth`), and workers (`token`). */

import { failure, type Failure } from '../../fault/failure.ts'
import type { AccessRequest } from '../credential.ts'
import type { GatewayAnswer } from '../endpoints.ts'
import { headerList, headerText } from '../header-text.ts'
import { isHandle } from '../page-handles.ts'
import { empty, json } from './answers.ts'
import { sessionOf, storeFailure, type LoginParts } from './parts.ts'

/** `/oauth2/userinfo`: for pages of ours and nobody else's. */
export async function userinfo(parts: LoginParts, { head }: AccessRequest): Promise<GatewayAnswer | Failure> {
  const { site } = head.fetch
  if (site !== null && site !== 'same-origin' && site !== 'none') return asProblem(failure('cross_site'))
  try {
    const session = await sessionOf(parts, head.cookie)
    if (session === null) return asProblem(failure('unauthenticated'))
    const { subject, email, groups, preferredUsername } = session.identity
    return json(200, {
      user: subject,
      email,
      groups,
      preferredUsername,
      expires_in: Math.max(0, Math.floor((session.expiresAt - parts.now()) / 1000)),
    })
  } catch (error) {
    return asProblem(storeFailure(error))
  }
}

/** `/oauth2/auth`: whether a request that another proxy holds would be known, in the form of its `auth_request`. */
export async function authRequest(
  parts: LoginParts,
  { head }: AccessRequest,
): Promise<GatewayAnswer | Failure> {
  try {
    const session = await sessionOf(parts, head.cookie)
    if (session === null) return asProblem(failure('unauthenticated'))
    const { subject, email, groups, preferredUsername } = session.identity
    const fields = {
      'X-Auth-Request-User': headerText(subject),
      'X-Auth-Request-Email': headerText(email ?? ''),
      'X-Auth-Request-Groups': headerList(groups),
      'X-Auth-Request-Preferred-Username': headerText(preferredUsername ?? ''),
    }
    const said = Object.entries(fields).filter(([, value]) => value !== '')
    return empty(204, said.map(([name, value]) => `${name}: ${value}\r\n`).join(''))
  } catch (error) {
    return asProblem(storeFailure(error))
  }
}

/** `POST /oauth2/token` on the workers' own listener: a handle in, the person's access token as it is now out. */
export async function workerToken(
  { sessions, refresher, now }: LoginParts,
  { head }: AccessRequest,
): Promise<GatewayAnswer | Failure> {
  if (head.method !== 'POST') return asProblem(failure('method_not_allowed'))
  try {
    const handle = handleIn(head.authorization)
    // The handle of a page that was opened in another way than by a login.
    if (handle === '' && isHandle(head.authorization)) return asProblem(failure('no_access_token'))
    const session = await sessions.openHandle(handle)
    if (session === null) return asProblem(failure('unauthenticated', 'The session has ended.'))
    const freshness = await refresher.ensure(session)
    if (freshness === 'ended') return asProblem(failure('unauthenticated', 'The session has ended.'))
    if (freshness === 'spent')
      return asProblem(
        failure('no_access_token', 'The access token has run out, and the provider gave no refresh token.'),
      )
    if (freshness !== 'fresh')
      return asProblem({
        ...failure('auth_unavailable', 'There is no new access token at the moment.'),
        retryAfterS: 2,
      })
    const { accessToken, accessExpiresAt } = session.data
    const expires =
      accessExpiresAt === null
        ? {}
        : { expires_in: Math.max(0, Math.floor((accessExpiresAt - now()) / 1000)) }
    return json(200, { access_token: accessToken, token_type: 'Bearer', ...expires })
  } catch (error) {
    return asProblem(storeFailure(error))
  }
}

/** The handle a worker shows as its bearer; `''` for everything else. */
export function handleIn(authorization: string | null): string {
  return /^Bearer +(flxs_[A-Za-z0-9_-]{1,250})$/i.exec(authorization ?? '')?.[1] ?? ''
}

function asProblem(reason: Failure): Failure {
  return { ...reason, format: 'problem' }
}
