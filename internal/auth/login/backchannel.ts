/** `/oauth2/backchannel-logout`: the provider says that somebody signed out elsewhere. */

import { isFailure, failure, type Failure } from '../../fault/failure.ts'
import type { AccessRequest } from '../credential.ts'
import type { BodyReading, GatewayAnswer } from '../endpoints.ts'
import { providerError } from '../oidc/provider-error.ts'
import { digest } from '../session/key-ring.ts'
import { StoreUnavailable } from '../session/store.ts'
import { empty, json } from './answers.ts'
import { storeFailure, type LoginParts } from './parts.ts'

const mostBytes = 32 * 1024

/** Ends the sessions a logout token names; 200 also when there were none. */
export async function backchannelLogout(
  parts: LoginParts,
  request: AccessRequest,
  readBody: BodyReading,
): Promise<GatewayAnswer | Failure> {
  if (request.head.method !== 'POST') return { ...failure('method_not_allowed'), format: 'problem' }
  const body = await readBody(mostBytes)
  if (isFailure(body)) return body
  const tokens = new URLSearchParams(body.toString('latin1')).getAll('logout_token')
  const [token] = tokens
  if (token === undefined || tokens.length > 1) return refused('logout_token is missing or repeated')
  try {
    return await endSessions(parts, request, token)
  } catch (error) {
    if (error instanceof StoreUnavailable) return storeFailure(error)
    const { kind, reason } = providerError(error)
    return kind === 'unavailable' ? { ...failure('auth_unavailable'), retryAfterS: 5 } : refused(reason)
  }
}

async function endSessions(
  { config, provider, sessions, tell, now }: LoginParts,
  request: AccessRequest,
  token: string,
): Promise<GatewayAnswer> {
  const ended = await provider.verifyLogout(token)
  const lifetime = Math.max(ended.expiresAt - now(), 0) + 60_000
  const isNew = await sessions.store.once(digest(`logout\n${ended.issuer}\n${ended.tokenId}`), lifetime)
  if (!isNew) return refused('the token was used before')
  const { subject, sid } = ended
  const everywhere = config.oidc.backchannelEverywhere && subject !== null
  const count = await sessions.endFor(ended.issuer, { subject, sid: everywhere ? null : sid })
  const who = ended.subject === null ? {} : { sub: ended.subject }
  if (count > 0) tell({ event: 'logout', kind: 'back-channel', ...who }, request)
  return empty(200)
}

/** Back-Channel Logout 1.0, 2.8. */
function refused(description: string): GatewayAnswer {
  return json(400, { error: 'invalid_request', error_description: description })
}
