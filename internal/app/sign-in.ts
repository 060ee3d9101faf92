/** Signing in, from configuration to configuration: what did not change goes on, with whoever is signed in. */

import { AssertionKey } from '../auth/assertion.ts'
import type { AuthWatch } from '../auth/authorize.ts'
import { openDesk, type Desk, type DeskRoom } from '../auth/desk.ts'
import type { AuthConfig, IdentityHeaders } from '../config/auth-types.ts'
import type { Config } from '../config/config.ts'
import { fingerprintOf } from '../config/secret.ts'
import type { WorkerIdentity } from '../worker/room.ts'
import { compileOriginRule } from '../proxy/origin.ts'

/** What desks are put together in. */
export interface SignInRoom extends DeskRoom {
  readonly watch: AuthWatch
}

interface Open {
  /** Fingerprint of all it was made from. */
  readonly basis: string
  readonly desk: Desk
}

/** Keeps the desk of the configuration in force. */
export class SignIn {
  readonly #room: SignInRoom
  /** By their text; `''` = the one made at the start. Running workers know the public halves. */
  readonly #keys = new Map<string, AssertionKey>()
  #open: Open | null = null

  constructor(room: SignInRoom) {
    this.#room = room
  }

  /** The desk for a configuration; null when nobody is asked who they are. */
  deskFor(config: Config): Desk | null {
    const basis = basisOf(config)
    if (this.#open !== null && this.#open.basis === basis) return this.#open.desk
    const before = this.#open
    this.#open = config.auth === null ? null : { basis, desk: this.#make(config, config.auth) }
    void before?.desk.close()
    return this.#open?.desk ?? null
  }

  /** What the workers of a configuration have to know; null when nobody is asked. */
  workerIdentity({ auth }: Pick<Config, 'auth'>): WorkerIdentity | null {
    if (auth === null) return null
    return { jwks: this.#keyOf(auth).jwks, streamlitHeaders: streamlitHeaders(auth.headers) }
  }

  /** Ends what runs beside the requests. */
  async close(): Promise<void> {
    await this.#open?.desk.close()
  }

  #make(config: Config, auth: AuthConfig): Desk {
    const allows = compileOriginRule(config.publicBaseUrl, config.allowedOrigins)
    return openDesk({
      config,
      auth,
      login: null,
      key: this.#keyOf(auth),
      isOwnOrigin: allows,
      watch: this.#room.watch,
      room: this.#room,
    })
  }

  #keyOf({ headers: { assertionKey } }: AuthConfig): AssertionKey {
    const pem = assertionKey?.reveal() ?? ''
    const key = this.#keys.get(pem) ?? AssertionKey.of(pem === '' ? null : pem)
    this.#keys.set(pem, key)
    return key
  }
}

/**
 * Only what stays the same as long as somebody is the same person: Streamlit gives a page that reconnects its state back
 * only when all of this is equal.
 */
function streamlitHeaders({ user, email, preferredUsername }: IdentityHeaders): string {
  const named: readonly (readonly [string, string])[] = [
    [user, 'sub'],
    [email, 'email'],
    [preferredUsername, 'preferred_username'],
    ['X-Fluxlit-Name', 'name'],
    ['X-Fluxlit-Logged-In', 'is_logged_in'],
  ]
  return JSON.stringify(Object.fromEntries(named.filter(([header]) => header !== '')))
}

/** The parts of a configuration that a desk is made from. */
function basisOf({ name, publicBaseUrl, allowedOrigins, rootPath, auth }: Config): string {
  return fingerprintOf([name, publicBaseUrl, allowedOrigins, rootPath, auth])
}
