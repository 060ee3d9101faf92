/** `/oauth2/sign_out`, `/auth/logout`: the end of a session, here and at the provider. */

import { failure, type Failure } from '../../fault/failure.ts'
import type { AccessRequest } from '../credential.ts'
import type { GatewayAnswer } from '../endpoints.ts'
import { randomId } from '../session/key-ring.ts'
import { shownId } from '../session/roster.ts'
import type { LiveSession } from '../session/sessions.ts'
import { page, seeOther } from './answers.ts'
import { clearLine, pendingLogins } from './cookie-jar.ts'
import { sessionOf, storeFailure, type LoginParts } from './parts.ts'

/**
 * Ends the session of whoever asks for it. A page of another site can make a browser ask too, so what was not asked by
 * a page of ours is confirmed first.
 */
export async function signOut(parts: LoginParts, request: AccessRequest): Promise<GatewayAnswer | Failure> {
  const { head } = request
  if (head.method === 'POST') {
    if (!isOurs(parts, request)) return failure('cross_site')
  } else if (head.fetch.site !== 'same-origin' || head.fetch.mode !== 'navigate') {
    return confirmation(parts)
  }
  try {
    const session = await sessionOf(parts, head.cookie)
    const to = await destination(parts, session)
    if (session !== null) await end(parts, request, session)
    const lines = forgetLines(parts, head.cookie)
    // The page that is left hears that its session has ended: it must be gone by then, however slow the provider is.
    if (head.fetch.mode === 'navigate' && to !== parts.paths.signedOut)
      return page(
        200,
        { title: 'Signing out', text: 'Going on to the identity provider.', continueTo: to },
        lines,
      )
    return seeOther(to, lines)
  } catch (error) {
    return storeFailure(error)
  }
}

/** `/oauth2/signed_out`: no page that would sign in again by itself. */
export function signedOut({ paths }: LoginParts): GatewayAnswer {
  return page(200, {
    title: 'Signed out',
    text: 'You are signed out. Close the browser if others use this computer.',
    actions: [{ label: 'Sign in again', to: paths.start }],
  })
}

function confirmation({ paths }: LoginParts): GatewayAnswer {
  return page(200, {
    title: 'Sign out?',
    text: 'Pages that are open in other tabs will end.',
    actions: [{ label: 'Sign out', to: paths.signOut, method: 'post' }],
  })
}

/** A form that a page of ours has sent. */
function isOurs({ publicOrigin }: LoginParts, { head }: AccessRequest): boolean {
  const { site } = head.fetch
  return site === null ? head.origin === publicOrigin() : site === 'same-origin'
}

async function end(parts: LoginParts, request: AccessRequest, session: LiveSession): Promise<void> {
  const { sessions, provider, tell } = parts
  await sessions.end(session.key, 'signed_out')
  // A refresh token outlives the logout at some providers.
  void provider.revoke(session.data.refreshToken)
  tell({ event: 'logout', kind: 'local', sub: session.data.subject, session: shownId(session.key) }, request)
}

async function destination(
  { publicOrigin, paths, provider }: LoginParts,
  session: LiveSession | null,
): Promise<string> {
  if (session === null) return paths.signedOut
  const back = publicOrigin() + paths.signedOut
  return (await provider.logoutUrl(session.data.idToken, back, randomId())) ?? paths.signedOut
}

function forgetLines({ jar }: LoginParts, cookie: string | null): string {
  const names = [jar.session, ...pendingLogins(jar, cookie)]
  return names.map((name) => clearLine(jar, name)).join('')
}
