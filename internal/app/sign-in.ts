/** Signing in, from configuration to configuration: what did not change goes on, with whoever is signed in. */

import { isDeepStrictEqual } from 'node:util'

import { AssertionKey } from '../auth/assertion.ts'
import type { AuthWatch } from '../auth/authorize.ts'
import { openDesk, type Desk } from '../auth/desk.ts'
import type { AuthConfig } from '../config/auth-types.ts'
import type { Config } from '../config/config.ts'
import { compileOriginRule } from '../proxy/origin.ts'

/** What desks are put together in. */
export interface SignInRoom {
  readonly watch: AuthWatch
}

/** The parts of a configuration that a desk is made from. */
type Basis = Pick<Config, 'name' | 'publicBaseUrl' | 'allowedOrigins' | 'rootPath' | 'auth'>

interface Open {
  readonly basis: Basis
  readonly desk: Desk
}

/** Keeps the desk of the configuration in force. */
export class SignIn {
  readonly #room: SignInRoom
  #key: { readonly of: AuthConfig['headers']['assertionKey']; readonly key: AssertionKey } | null = null
  #open: Open | null = null

  constructor(room: SignInRoom) {
    this.#room = room
  }

  /** The desk for a configuration; null when nobody is asked who they are. */
  deskFor(config: Config): Desk | null {
    const basis = basisOf(config)
    if (this.#open !== null && isDeepStrictEqual(this.#open.basis, basis)) return this.#open.desk
    const before = this.#open
    this.#open = config.auth === null ? null : { basis, desk: this.#make(config, config.auth) }
    void before?.desk.close()
    return this.#open?.desk ?? null
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
    })
  }

  /** Running workers know the public half: the key stays as long as the configuration says the same about it. */
  #keyOf({ headers: { assertionKey } }: AuthConfig): AssertionKey {
    if (this.#key === null || this.#key.of?.reveal() !== assertionKey?.reveal())
      this.#key = { of: assertionKey, key: AssertionKey.of(assertionKey?.reveal() ?? null) }
    return this.#key.key
  }
}

function basisOf({ name, publicBaseUrl, allowedOrigins, rootPath, auth }: Config): Basis {
  return { name, publicBaseUrl, allowedOrigins, rootPath, auth }
}
