import { randomBytes } from 'node:crypto'

import type { AccessRequest, Credential } from '../../internal/auth/credential.ts'
import type { LoginEvent } from '../../internal/auth/login/parts.ts'
import { openLogin, type OpenLogin } from '../../internal/auth/login/login.ts'
import { MemoryStore } from '../../internal/auth/session/memory-store.ts'
import type { SessionStore } from '../../internal/auth/session/store.ts'
import type { LoginConfig, OidcConfig, SessionConfig } from '../../internal/config/login-types.ts'
import { Secret } from '../../internal/config/secret.ts'
import { openExchange } from '../../internal/exchange/exchange.ts'
import { isFailure, statusOf } from '../../internal/fault/failure.ts'
import type { Cleanup } from './cleanup.ts'
import { readOk } from './head.ts'
import { clientId, clientSecret, type OddProvider } from './odd-provider.ts'

/** Where the login under test says that it is. */
export const origin = 'https://app.example'

/** What a login is made from in tests; the rest is as in a new configuration. */
export interface LoginUnderTest {
  readonly oidc?: Partial<OidcConfig>
  readonly session?: Partial<SessionConfig>
  readonly config?: Partial<Omit<LoginConfig, 'oidc' | 'session'>>
  /** A store other logins have too. */
  readonly store?: SessionStore
  readonly secret?: Buffer
  readonly accessTokenFor?: 'nobody' | 'apis' | 'everybody'
}

/** The login room alone, without a gateway around it. */
export class LoginDesk {
  readonly login: OpenLogin
  readonly store: SessionStore
  /** What was told of people. */
  readonly events: readonly LoginEvent[]
  /** What was told of renewals: `ok`, `shared`, `unavailable`... */
  readonly renewals: readonly string[]
  #visitors = 0

  private constructor(login: OpenLogin, store: SessionStore, told: Pick<LoginDesk, 'events' | 'renewals'>) {
    this.login = login
    this.store = store
    this.events = told.events
    this.renewals = told.renewals
  }

  /** Opens one at a provider; closed after the test. */
  static open(t: Cleanup, provider: OddProvider, given: LoginUnderTest = {}): LoginDesk {
    const store = given.store ?? new MemoryStore({ most: 1000 })
    const events: LoginEvent[] = []
    const renewals: string[] = []
    const login = openLogin({
      config: loginConfig(provider, given),
      store,
      secrets: [given.secret ?? randomBytes(32)],
      env: {},
      accessTokenFor: given.accessTokenFor ?? 'nobody',
      jwks: () => '{"keys":[]}',
      listening: () => origin,
      watch: {
        event: (event) => events.push(event),
        refreshed: (outcome) => renewals.push(outcome),
        provider: () => undefined,
        rates: () => undefined,
      },
    })
    t.after(() => login.close())
    return new LoginDesk(login, store, { events, renewals })
  }

  visitor(): Visitor {
    this.#visitors += 1
    return new Visitor(this.login, `2001:db8::${this.#visitors.toString(16)}`)
  }
}

function loginConfig(provider: OddProvider, { oidc, session, config }: LoginUnderTest): LoginConfig {
  return {
    oidc: {
      preset: 'none',
      issuer: provider.issuer,
      clientId,
      clientAuth: { method: 'client_secret_basic', secret: new Secret(clientSecret) },
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      redirectUri: '',
      authorizationParams: {},
      userinfo: 'auto',
      userClaim: 'sub',
      emailClaim: 'email',
      nameClaim: 'name',
      groupsClaim: 'groups',
      rolesClaim: 'roles',
      requireVerifiedEmail: true,
      trustUnverifiedEmail: false,
      allowedEmailDomains: [],
      allowedGroups: [],
      groupsFrom: 'token',
      groupNames: false,
      graphUrl: provider.issuer,
      backchannelLogout: true,
      backchannelEverywhere: false,
      timeoutMs: 10_000,
      allowInsecureIssuer: true,
      ...oidc,
    },
    session: {
      store: { kind: 'memory' },
      secrets: [],
      cookieName: 'fluxlit',
      sameSite: 'lax',
      absoluteMs: 12 * 3_600_000,
      idleMs: 2 * 3_600_000,
      socketsCount: true,
      refreshMarginMs: 60_000,
      loginTimeoutMs: 600_000,
      maxPendingLogins: 5,
      recheckSocketsMs: 30_000,
      streamlitLoginRedirect: true,
      ...session,
    },
    name: 'shop-1',
    prefix: '/oauth2',
    streamlitNative: false,
    signInPage: false,
    secure: true,
    publicOrigin: origin,
    rootPath: '',
    apiMounts: ['/api'],
    outbound: { proxy: { kind: 'none' }, noProxy: '', caFile: null, systemCa: false },
    ...config,
  }
}

/** How a visitor asks. */
export interface Visit {
  readonly method?: string
  /** Further `Name: value` lines. */
  readonly lines?: readonly string[]
  readonly body?: string | Buffer
  readonly internal?: boolean
  readonly host?: string
  readonly client?: string
}

/** An answer of an endpoint. */
export interface Visited {
  readonly status: number
  /** The failure's code, `''` for an answer. */
  readonly code: string
  readonly location: string
  readonly lines: string
  readonly body: string
  readonly setCookies: readonly string[]
}

/** A browser, as far as cookies go. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly #login: OpenLogin
  readonly #client: string

  constructor(login: OpenLogin, client: string) {
    this.#login = login
    this.#client = client
  }

  /** Asks one of the endpoints. */
  async ask(target: string, visit: Visit = {}): Promise<Visited> {
    const request = this.request(target, visit)
    const answer = await this.#login.endpoints.answer(request, (mostBytes) => {
      const body = Buffer.from(visit.body ?? '')
      return Promise.resolve(body.length > mostBytes ? { code: 'body_too_large' } : body)
    })
    if (isFailure(answer)) {
      const { code, lines = '' } = answer
      return { status: statusOf(code), code, location: '', lines, body: '', setCookies: [] }
    }
    const { status, lines, body } = answer
    const setCookies = [...lines.matchAll(/^Set-Cookie: (.*)\r$/gm)].map((match) => match[1] ?? '')
    for (const line of setCookies) this.#take(line)
    const location = /^Location: (.*)\r$/m.exec(lines)?.[1] ?? ''
    return { status, code: '', location, lines, body: String(body), setCookies }
  }

  /** Signs in, from the first redirect to the last. @returns the callback's answer */
  async signIn(rd = '/report'): Promise<Visited> {
    return this.ask(await this.comeBack(rd))
  }

  /** Begins to sign in and comes back from the provider. @returns path and query of the callback */
  async comeBack(rd = '/report'): Promise<string> {
    const begun = await this.ask(`/oauth2/start?rd=${encodeURIComponent(rd)}`)
    if (begun.status !== 302) throw new Error(`the login did not begin: ${begun.status} ${begun.code}`)
    const answer = await fetch(begun.location, { redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? '', origin)
    return back.pathname + back.search
  }

  /** What its cookies say of who it is. */
  async who(visit: Visit = {}): Promise<Credential> {
    const [cookie] = this.#login.authenticators
    if (cookie === undefined) throw new Error('there is no way in')
    return cookie.authenticate(this.request('/', visit))
  }

  /** The subject, or what else came of it. */
  async subject(): Promise<string> {
    const credential = await this.who()
    return credential.kind === 'identity' ? credential.identity.subject : credential.kind
  }

  /** The request as the room gets it. */
  request(target: string, visit: Visit = {}): AccessRequest {
    const {
      method = 'GET',
      lines = [],
      internal = false,
      host = 'app.example',
      client = this.#client,
    } = visit
    const [path = '/', query] = target.split('?')
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const head = readOk(cookie === '' ? lines : [...lines, `Cookie: ${cookie}`], { method, url: target })
    const segments = path.split('/').slice(1).map(decodeURIComponent)
    return {
      exchange: openExchange({
        id: 'request-under-test',
        traceId: '',
        traceparent: '',
        tracestate: null,
        kind: 'http',
        head,
        method,
        path,
        hasQuery: query !== undefined,
        client,
        peer: client,
        scheme: 'https',
        host,
        forwardedLines: '',
      }),
      head,
      path,
      query: query === undefined ? '' : `?${query}`,
      segments,
      readings: [segments],
      worker: null,
      internal,
    }
  }

  #take(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const name = pair.slice(0, pair.indexOf('='))
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(pair.indexOf('=') + 1))
  }
}
