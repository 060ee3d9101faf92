/** Signing in, from configuration to configuration: what did not change goes on, with whoever is signed in. */

import { AssertionKey } from '../auth/assertion.ts'
import type { AuthWatch } from '../auth/authorize.ts'
import { Outbound } from '../auth/outbound.ts'
import type { Roster } from '../auth/session/roster.ts'
import { SocketGuard } from '../auth/socket-guard.ts'
import { openDesk, type Desk, type DeskRoom, type Login } from '../auth/desk.ts'
import type { AuthConfig, IdentityHeaders } from '../config/auth-types.ts'
import type { Config } from '../config/config.ts'
import { fingerprintOf } from '../config/secret.ts'
import type { Problem } from '../fault/startup.ts'
import type { Audit } from '../log/audit.ts'
import type { AuthCounts } from '../metrics/auth-counts.ts'
import { LoginKeeper } from './login-keeper.ts'
import type { WorkerIdentity } from '../worker/room.ts'
import { compileOriginRule } from '../proxy/origin.ts'

/** What desks are put together in. */
export interface SignInRoom extends Omit<DeskRoom, 'fetch'> {
  readonly watch: AuthWatch
  readonly env: Readonly<Record<string, string | undefined>>
  readonly audit: Audit
  readonly counts: AuthCounts
  /** Address the gateway listens on, once it does. */
  readonly listening: () => string
}

interface Open {
  /** Fingerprint of all it was made from. */
  readonly basis: string
  readonly desk: Desk
  readonly login: Login | null
  /** Made for the first call. */
  outbound: Outbound | null
}

/** How often open WebSockets are judged again where nobody logs in, and how long one call for keys may take. */
const recheckMs = 30_000
const callMs = 10_000

async function endOf(open: Open | null): Promise<void> {
  await open?.desk.close()
  open?.outbound?.close()
}

/** Keeps the desk of the configuration in force. */
export class SignIn {
  readonly #room: SignInRoom
  /** By their text; `''` = the one made at the start. Running workers know the public halves. */
  readonly #keys = new Map<string, AssertionKey>()
  /** Watches over open WebSockets. */
  readonly sockets: SocketGuard
  readonly #logins: LoginKeeper
  #open: Open | null = null

  constructor(room: SignInRoom) {
    this.#room = room
    this.sockets = new SocketGuard({
      onDismissed: ({ exchange }, reason) => {
        room.counts.add(room.counts.socketsClosed, reason)
        room.audit({ event: 'ws.close', reason, request_id: exchange.id, client: exchange.client })
      },
    })
    this.#logins = new LoginKeeper({ ...room, sockets: this.sockets, keyOf: (auth) => this.#keyOf(auth) })
  }

  /** Opens what a configuration needs before it may take effect. @returns what is wrong, or null */
  prepare(config: Config): Promise<Problem | null> {
    return this.#logins.prepare(config)
  }

  /** The desk for a configuration; null when nobody is asked who they are. */
  deskFor(config: Config): Desk | null {
    const login = this.#logins.adopt(config)
    const basis = basisOf(config)
    const before = this.#open
    if (before !== null && before.basis === basis && before.login === login) return before.desk
    const made = config.auth === null ? null : this.#make(config, config.auth, login)
    this.#open = made === null ? null : Object.assign(made, { basis, login })
    void endOf(before)
    this.#judgeBy(config, this.#open?.desk ?? null)
    return this.#open?.desk ?? null
  }

  /** Sessions there are; null while nobody signs in here. */
  get roster(): Roster | null {
    return this.#logins.roster
  }

  /** What the workers of a configuration have to know; null when nobody is asked. */
  workerIdentity({ auth }: Pick<Config, 'auth'>): WorkerIdentity | null {
    if (auth === null) return null
    const { login, headers, streamlitNative } = auth
    return {
      jwks: this.#keyOf(auth).jwks,
      streamlitHeaders: streamlitNative ? null : streamlitHeaders(headers),
      signInPath: login === null ? null : login.rootPath + login.prefix,
    }
  }

  /** Ends what runs beside the requests. */
  async close(): Promise<void> {
    this.sockets.close()
    await endOf(this.#open)
    await this.#logins.close()
  }

  #judgeBy({ auth }: Config, desk: Desk | null): void {
    const everyMs = auth?.login?.session.recheckSocketsMs ?? recheckMs
    this.sockets.judgeBy(
      desk === null ? null : (request) => (request.internal ? desk.internal : desk.front)(request),
      everyMs,
    )
  }

  #make(config: Config, auth: AuthConfig, login: Login | null): Omit<Open, 'basis' | 'login'> {
    const made: { outbound: Outbound | null } = { outbound: null }
    const outbound = (): Outbound =>
      (made.outbound ??= new Outbound({ config: config.outbound, env: this.#room.env, timeoutMs: callMs }))
    const allows = compileOriginRule(config.publicBaseUrl, config.allowedOrigins)
    const desk = openDesk({
      config,
      auth,
      login,
      key: this.#keyOf(auth),
      handles: this.sockets.handles,
      isOwnOrigin: allows,
      watch: this.#room.watch,
      room: { ...this.#room, fetch: (url, init) => outbound().fetch(url, init) },
    })
    return Object.assign(made, { desk })
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
function basisOf({ name, publicBaseUrl, allowedOrigins, rootPath, auth, outbound }: Config): string {
  return fingerprintOf([name, publicBaseUrl, allowedOrigins, rootPath, auth, outbound])
}
