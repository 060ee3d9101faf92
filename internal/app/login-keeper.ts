/**
 * Login at a provider, from configuration to configuration. It is opened before a configuration takes effect, because
 * its code is loaded only where somebody logs in, and its store may fail; sessions outlive changes of everything else.
 */

import type { AssertionKey } from '../auth/assertion.ts'
import type { OpenLogin } from '../auth/login/login.ts'
import { openStore } from '../auth/session/open-store.ts'
import { shownId, type Roster } from '../auth/session/roster.ts'
import { sessionSecrets } from '../auth/session/secrets.ts'
import type { SessionStore } from '../auth/session/store.ts'
import type { SocketGuard } from '../auth/socket-guard.ts'
import type { AuthConfig } from '../config/auth-types.ts'
import type { Config } from '../config/config.ts'
import type { LoginConfig } from '../config/login-types.ts'
import { fingerprintOf } from '../config/secret.ts'
import type { Problem } from '../fault/startup.ts'
import type { Audit } from '../log/audit.ts'
import type { Logger } from '../log/types.ts'
import type { AuthCounts } from '../metrics/auth-counts.ts'

/** What {@link LoginKeeper} needs. */
export interface LoginKeeperRoom {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly audit: Audit
  readonly sockets: SocketGuard
  readonly counts: AuthCounts
  /** Address the gateway listens on, once it does. */
  readonly listening: () => string
  readonly keyOf: (auth: AuthConfig) => AssertionKey
}

interface Open {
  readonly of: string
  readonly login: OpenLogin
  readonly storeOf: string
  readonly store: SessionStore
}

/** Keeps the login of the configuration in force, of the next one, and of the one before, which may come back. */
export class LoginKeeper {
  readonly #room: LoginKeeperRoom
  #open: Open | null = null
  #others: readonly Open[] = []

  constructor(room: LoginKeeperRoom) {
    this.#room = room
  }

  /** Opens what a configuration needs, beside what is in force. @returns what is wrong, or null */
  async prepare(config: Config): Promise<Problem | null> {
    const { auth } = config
    const others = this.#others
    this.#others = []
    for (const other of others) await this.#drop(other)
    const settings = auth?.login ?? null
    if (auth === null || settings === null || this.#open?.of === settingsOf(auth, config)) return null
    try {
      this.#others = [await this.#make(config, auth, settings)]
      return null
    } catch (error) {
      const message = `sign-ins cannot be kept: ${error instanceof Error ? error.message : String(error)}`
      return { code: 'login_unavailable', message, hint: 'correct [auth.session], or the state directory' }
    }
  }

  /** The login of a configuration that was prepared; from now on it is the one in force. */
  adopt(config: Pick<Config, 'auth' | 'stateDir'>): OpenLogin | null {
    const { auth } = config
    const of = auth === null || auth.login === null ? null : settingsOf(auth, config)
    if (this.#open?.of === of) return this.#open?.login ?? null
    const known = [...this.#others, ...(this.#open === null ? [] : [this.#open])]
    this.#open = known.find((one) => one.of === of) ?? null
    this.#others = known.filter((one) => one !== this.#open)
    return this.#open?.login ?? null
  }

  /** Sessions of the configuration in force; null while nobody signs in here. */
  get roster(): Roster | null {
    return this.#open?.login.roster ?? null
  }

  async close(): Promise<void> {
    const all = [...this.#others, ...(this.#open === null ? [] : [this.#open])]
    this.#others = []
    this.#open = null
    for (const one of all) await this.#drop(one)
  }

  async #make(config: Config, auth: AuthConfig, settings: LoginConfig): Promise<Open> {
    const { env, keyOf, listening, logger } = this.#room
    // Only where somebody logs in: the library is larger than everything else about signing in.
    const { openLogin } = await import('../auth/login/login.ts')
    const secrets = sessionSecrets(settings.session.secrets, config.stateDir)
    const storeOf = fingerprintOf(settings.session.store)
    const store =
      this.#open?.storeOf === storeOf
        ? this.#open.store
        : await openStore(settings.session.store, {
            outbound: settings.outbound,
            onState: (state, reason) =>
              state === 'down'
                ? logger.warn(
                    { reason, ...redisHint(reason) },
                    'Redis cannot be used; who is signed in cannot be looked up',
                  )
                : logger.info({}, 'Redis can be used again'),
          })
    const login = openLogin({
      config: settings,
      store,
      secrets,
      env,
      accessTokenFor: accessTokenFor(auth),
      jwks: () => keyOf(auth).jwks,
      listening,
      watch: this.#watch(),
    })
    // Whoever signed out in one tab should not be signed in again by the next.
    const signedOut = `${settings.rootPath}${settings.prefix}/signed_out`
    login.listen({
      onEnd: (key, why) => this.#room.sockets.sessionEnded(key, why, why === 'signed_out' ? signedOut : null),
      onChange: ({ key }) => this.#room.sockets.sessionChanged(key),
    })
    this.#count(store, settings)
    return { of: settingsOf(auth, config), login, storeOf, store }
  }

  #watch(): Parameters<typeof import('../auth/login/login.ts').openLogin>[0]['watch'] {
    const { audit, counts, logger } = this.#room
    return {
      event(event, { exchange }) {
        audit({ ...event, request_id: exchange.id, client: exchange.client })
        if (event.event === 'login.ok') counts.add(counts.logins, 'ok')
        if (event.event !== 'login.denied') return
        counts.add(counts.logins, 'denied')
        logger.warn({ request_id: exchange.id, reason: event.reason }, 'sign-in refused')
      },
      refreshed(outcome, { key, data }, reason) {
        counts.add(counts.refreshes, outcome)
        if (outcome === 'shared') return
        const session = shownId(key)
        audit({ event: 'refresh', result: outcome, request_id: '', client: '', session, sub: data.subject })
        if (outcome !== 'ok') logger.warn({ session, reason, outcome }, 'tokens were not renewed')
      },
      provider(state, reason) {
        if (state === 'down')
          logger.warn({ reason }, 'the identity provider cannot be used; nobody can sign in')
        else logger.info({}, 'the identity provider can be used again')
      },
      rates(state) {
        if (state === 'alone')
          logger.warn(
            {},
            'Redis gives no answer; failed attempts and limits.rate are counted by this gateway alone until it does',
          )
        else logger.info({}, 'failed attempts and limits.rate are counted by all gateways together again')
      },
    }
  }

  /** Counting them in Redis would go through all keys of everybody; elsewhere the number is the one of the last look. */
  #count(store: SessionStore, { session }: LoginConfig): void {
    let last: number | null = null
    this.#room.counts.sessions = () => {
      if (session.store.kind === 'redis') return null
      store.count().then(
        (count) => (last = count),
        () => (last = null),
      )
      return last
    }
  }

  /** Ends a login, and its store unless another one has it too. */
  async #drop({ login, store }: Open): Promise<void> {
    await login.close()
    if (store !== this.#open?.store && this.#others.every((other) => other.store !== store))
      await store.close()
  }
}

function accessTokenFor({ headers }: AuthConfig): 'nobody' | 'apis' | 'everybody' {
  if (headers.accessToken !== '') return 'everybody'
  return headers.upstreamAuthorization === 'access_token' ? 'apis' : 'nobody'
}

function settingsOf(auth: AuthConfig, { stateDir }: Pick<Config, 'stateDir'>): string {
  const { login, headers } = auth
  return fingerprintOf([
    login,
    headers.accessToken,
    headers.upstreamAuthorization,
    headers.assertionKey,
    stateDir,
  ])
}

/** What to do about an answer of Redis, or a certificate. */
function redisHint(reason: string): { readonly hint?: string } {
  const hint = /CERT|SIGNATURE|^ERR_TLS/.test(reason) ? certificates : redisHints[reason]
  return hint === undefined ? {} : { hint }
}

const certificates =
  'name the authority of its certificate in outbound.ca_file, and in auth.session.redis_url the host the certificate is for'
const password = 'correct user and password in auth.session.redis_url'
const cluster = 'a node of Redis Cluster: see docs/login.md, "Sessions"'

const redisHints: Readonly<Record<string, string>> = {
  NOAUTH: password,
  WRONGPASS: password,
  NOPERM:
    'allow its user the keys and channels of auth.session.redis_prefix, and the commands in docs/login.md',
  READONLY: 'this is a replica: name the primary in auth.session.redis_url',
  ERR: 'look at the number of the database in auth.session.redis_url',
  MOVED: cluster,
  CLUSTERDOWN: cluster,
}
