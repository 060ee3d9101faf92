/** Mode `dev`: whoever works on an app is signed in as somebody without a provider. Only on loopback. */

import type { AssumedIdentity } from '../config/auth-types.ts'
import type { Authenticator, Credential } from './credential.ts'
import { identityOf } from './identity.ts'

/** Everybody is this one. */
export class DevAuthenticator implements Authenticator {
  readonly mode = 'dev'
  readonly listeners = 'both'
  readonly #credential: Credential

  constructor(as: AssumedIdentity) {
    const { subject, email, groups, roles, scopes, claims } = as
    const name = email?.split('@', 1)[0] ?? subject
    this.#credential = {
      kind: 'identity',
      identity: identityOf({ via: 'dev', subject, email, name, groups, roles, scopes, claims }),
    }
  }

  authenticate(): Credential {
    return this.#credential
  }
}
