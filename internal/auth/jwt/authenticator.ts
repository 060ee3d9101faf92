/** Mode `jwt`: bearer tokens of programs (RFC 6750, 7519, 8725, 9068). */

import { failure } from '../../fault/failure.ts'
import { noCredential, type AccessRequest, type Authenticator, type Credential } from '../credential.ts'
import type { FailedAttempts } from '../failed-attempts.ts'
import { bearerOf } from './bearer.ts'
import { isIdentity, type Outcome, type TokenVerifier } from './verifier.ts'

/** Bearer tokens. */
export class JwtAuthenticator implements Authenticator {
  readonly mode = 'jwt'
  readonly listeners = 'both'
  readonly #verifier: TokenVerifier
  readonly #realm: string
  readonly #failed: FailedAttempts

  /** @param realm of challenges */
  constructor(verifier: TokenVerifier, realm: string, failed: FailedAttempts) {
    this.#verifier = verifier
    this.#realm = realm
    this.#failed = failed
  }

  authenticate(request: AccessRequest): Credential | Promise<Credential> {
    const { authorization } = request.head
    const inQuery = refuseTokenInQuery(request)
    if (inQuery !== null) return inQuery
    const token = authorization === null ? null : bearerOf(authorization)
    if (token === null) return noCredential
    const known = this.#verifier.known(token, request.head.forward)
    if (known !== null) return { kind: 'identity', identity: known }
    const { client } = request.exchange
    return this.#failed.unlessTired(client, () => this.#verify(token, client))
  }

  #verify(token: string, client: string): Credential | Promise<Credential> {
    const outcome = this.#verifier.verify(token)
    if (!(outcome instanceof Promise)) return this.#answer(outcome, client)
    return outcome.then((result) => this.#answer(result, client))
  }

  #answer(outcome: Outcome, client: string): Credential {
    if (outcome === 'unavailable')
      return { kind: 'unavailable', failure: { ...failure('auth_unavailable'), retryAfterS: 5 } }
    if (isIdentity(outcome)) return { kind: 'identity', identity: outcome }
    this.#failed.note(client)
    const { reason } = outcome
    return {
      kind: 'rejected',
      failure: { ...failure('invalid_token', sentence(reason)), cause: reason, format: 'problem' },
      challenge: `Bearer realm="${this.#realm}", error="invalid_token", error_description="${reason}"`,
    }
  }
}

/** RFC 9700 4.3.2: addresses end up in logs and in `Referer`. */
function refuseTokenInQuery({ query, worker, exchange }: AccessRequest): Credential | null {
  if (query === '' || worker?.kind === 'streamlit' || exchange.kind === 'websocket') return null
  if (!/[?&]access_token=/.test(query)) return null
  return { kind: 'rejected', failure: failure('token_in_query') }
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`
}
