/** `/oauth2/start` and `/oauth2/sign_in`: the beginning of a login. */

import { failure, type Failure } from '../../fault/failure.ts'
import type { AccessRequest } from '../credential.ts'
import type { GatewayAnswer } from '../endpoints.ts'
import { providerError } from '../oidc/provider-error.ts'
import { found, page } from './answers.ts'
import { newAttempt, sealAttempt, slotOf } from './attempt.ts'
import { clearLine, loginCookieLine, pendingLogins } from './cookie-jar.ts'
import { single, type LoginParts } from './parts.ts'
import { returnTarget } from './return-target.ts'

/** Sends the browser to the provider with an attempt of its own. */
export async function startLogin(
  parts: LoginParts,
  request: AccessRequest,
): Promise<GatewayAnswer | Failure> {
  const elsewhere = otherHost(parts, request)
  if (elsewhere !== null) return elsewhere
  const { config, jar, ring, provider, now } = parts
  const attempt = newAttempt(returnTarget(single(request.query, 'rd'), parts.returns()), now())
  const extra: Record<string, string> =
    single(request.query, 'switch') === '1' ? { prompt: 'select_account' } : {}
  const name = jar.login + slotOf(attempt.state)
  const pending = pendingLogins(jar, request.head.cookie)
  const over = pending.slice(0, Math.max(0, pending.length - config.session.maxPendingLogins + 1))
  const lines =
    over.map((old) => clearLine(jar, old)).join('') +
    loginCookieLine(jar, name, sealAttempt(ring, name, attempt), config.session.loginTimeoutMs / 1000)
  try {
    const location = await provider.loginUrl(attempt, extra)
    parts.tell({ event: 'login.start' }, request)
    return found(location, lines)
  } catch (error) {
    return providerDown(providerError(error))
  }
}

/**
 * The provider sends browsers back to one host, and cookies belong to the host that set them. Who develops may have
 * written `localhost` for 127.0.0.1; every other name is not ours.
 */
function otherHost(
  { publicOrigin, paths }: LoginParts,
  { exchange, query }: AccessRequest,
): GatewayAnswer | Failure | null {
  const { host, hostname } = new URL(publicOrigin())
  const port = exchange.scheme === 'https' ? /:443$/ : /:80$/
  if (exchange.host.toLowerCase().replace(port, '') === host) return null
  if (!isLoopbackName(hostname) || !isLoopbackName(exchange.host.replace(/:\d+$/, '')))
    return failure('misdirected_host')
  return found(`${publicOrigin()}${paths.start}${query}`, '')
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
}

/** The page with a button. */
export function signInPage({ paths, returns }: LoginParts, request: AccessRequest): GatewayAnswer {
  const target = returnTarget(single(request.query, 'rd'), returns())
  return page(200, {
    title: 'Sign in',
    text: 'Your organisation asks you to sign in before you go on.',
    actions: [{ label: 'Sign in', to: `${paths.start}?rd=${encodeURIComponent(target)}` }],
  })
}

/** The provider cannot be reached: who is signed in notices nothing, who wants to be is told. */
export function providerDown(cause: Error): Failure {
  const detail = 'Signing in does not work at the moment: the identity provider cannot be reached.'
  return { ...failure('auth_unavailable', detail), retryAfterS: 5, format: 'html', cause }
}
