import { createHash, randomUUID, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { exportJWK, SignJWT, type JWTPayload } from 'jose'

import type { Cleanup } from './cleanup.ts'
import { upstream } from './upstream.ts'

/** What a provider of the tests does otherwise than a good one; everything can be changed between requests. */
export interface Oddities {
  /** Fields of the discovery document; undefined removes one. */
  metadata: Record<string, unknown>
  /** Parameters of the address browsers are sent back to; null removes one. */
  callback: Record<string, string | null>
  /** Claims of the ID token; undefined removes one. */
  idToken: Record<string, unknown>
  /** Fields of the ID token's header. */
  header: Record<string, unknown>
  /** Replaces the ID token. */
  wholeIdToken: ((good: string) => string | Promise<string>) | null
  /** Fields of the answer with tokens. */
  tokens: Record<string, unknown>
  /** Replaces the answer of the token endpoint. */
  tokenAnswer: ((grant: string) => { status: number; type?: string; body: string } | null) | null
  /** Fields of userinfo. */
  userinfo: Record<string, unknown>
  /** Answers of the token endpoint wait for it. */
  tokenGate: Promise<void> | null
  /** Nothing answers. */
  down: boolean
}

/** One who signed in: what is known, and which of the refresh tokens is good. */
interface Grant {
  readonly subject: string
  readonly sid: string
  readonly nonce: string | null
  readonly challenge: string
  readonly redirectUri: string
  refresh: string
  revoked: boolean
  codeUsed: boolean
}

/** What was asked at the token endpoint. */
export interface TokenCall {
  readonly grant: string
  readonly outcome: 'ok' | 'refused'
}

export const clientId = 'fluxlit-under-test'
export const clientSecret = 'the secret of the client under test'

/**
 * An identity provider that signs everybody in at once and does as a good one does, until it is told otherwise. Its
 * refresh tokens rotate; one that is used twice ends the grant, as with real providers.
 */
export class OddProvider {
  readonly issuer: string
  /** Who signs in next. */
  subject = 'alice'
  /** Claims of everybody. */
  claims: Record<string, unknown> = {
    email: 'alice@example.com',
    email_verified: true,
    name: 'Alice',
    groups: ['staff'],
    roles: [],
  }
  /** Seconds. */
  accessLifetime = 3600
  odd: Oddities = straight()
  /** Calls to the token endpoint that were answered, oldest first. */
  readonly tokenCalls: TokenCall[] = []
  /** Tokens that were revoked. */
  readonly revoked: string[] = []
  readonly jwksCalls = { count: 0 }
  /** Calls that have come and are not answered. */
  waiting = 0
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly #codes = new Map<string, Grant>()
  readonly #grants = new Set<Grant>()
  readonly #access = new Map<string, Grant>()

  private constructor(issuer: string) {
    this.issuer = issuer
    this.keys = oneKey()
  }

  /** Starts one; it ends with the test. */
  static async start(t: Cleanup): Promise<OddProvider> {
    let provider: OddProvider | null = null
    const server = await upstream(t, (request, response) => {
      if (provider === null || provider.odd.down) {
        request.socket.destroy()
        return
      }
      provider
        .#answer(request, response)
        .catch((error: unknown) => response.writeHead(500).end(String(error)))
    })
    provider = new OddProvider(server.url)
    return provider
  }

  /** Does as a good one does again. */
  behave(): void {
    this.odd = straight()
  }

  /** How often tokens were renewed. */
  get renewals(): number {
    return this.tokenCalls.filter(({ grant, outcome }) => grant === 'refresh_token' && outcome === 'ok')
      .length
  }

  /** Whether some login was ended because a refresh token came twice. */
  get sawReuse(): boolean {
    return [...this.#grants].some(({ revoked }) => revoked)
  }

  /** The name the provider has for the session that began last. */
  get lastSid(): string {
    return [...this.#grants].at(-1)?.sid ?? ''
  }

  /** A logout token; `given` changes claims (undefined removes), `header` fields of its header. */
  logoutToken(
    given: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    key: KeyObject | Uint8Array = this.keys.privateKey,
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: this.issuer,
      aud: clientId,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...given,
    }
    return sign(claims, { alg: 'RS256', kid: 'one', typ: 'logout+jwt', ...header }, key)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer)
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return this.#json(response, 200, { ...this.#metadata(), ...this.odd.metadata })
      case '/authorize':
        return this.#authorize(url, response)
      case '/token':
        this.waiting += 1
        await this.odd.tokenGate
        this.waiting -= 1
        return this.#token(await formOf(request), response)
      case '/jwks':
        this.jwksCalls.count += 1
        return this.#json(response, 200, {
          keys: [{ ...(await exportJWK(this.keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }],
        })
      case '/userinfo':
        return this.#userinfo(request, response)
      case '/revoke':
        this.revoked.push((await formOf(request)).get('token') ?? '')
        response.writeHead(200).end()
        return
      case '/end_session': {
        const back = url.searchParams.get('post_logout_redirect_uri') ?? '/'
        response.writeHead(302, { location: back }).end()
        return
      }
      default:
        response.writeHead(404).end()
    }
  }

  #metadata(): Record<string, unknown> {
    const at = (path: string): string => this.issuer + path
    return {
      issuer: this.issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      jwks_uri: at('/jwks'),
      userinfo_endpoint: at('/userinfo'),
      revocation_endpoint: at('/revoke'),
      end_session_endpoint: at('/end_session'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    }
  }

  #authorize(url: URL, response: ServerResponse): void {
    const asked = url.searchParams
    if (asked.get('code_challenge_method') !== 'S256' || asked.get('client_id') !== clientId) {
      response.writeHead(400).end('PKCE and the client are needed')
      return
    }
    const code = randomUUID()
    const grant: Grant = {
      subject: this.subject,
      sid: randomUUID(),
      nonce: asked.get('nonce'),
      challenge: asked.get('code_challenge') ?? '',
      redirectUri: asked.get('redirect_uri') ?? '',
      refresh: randomUUID(),
      revoked: false,
      codeUsed: false,
    }
    this.#codes.set(code, grant)
    this.#grants.add(grant)
    const back = new URL(grant.redirectUri)
    const said = { code, state: asked.get('state'), iss: this.issuer, ...this.odd.callback }
    for (const [name, value] of Object.entries(said)) if (value !== null) back.searchParams.set(name, value)
    response.writeHead(302, { location: back.href }).end()
  }

  async #token(form: URLSearchParams, response: ServerResponse): Promise<void> {
    const kind = form.get('grant_type') ?? ''
    const instead = this.odd.tokenAnswer?.(kind) ?? null
    if (instead !== null) {
      this.tokenCalls.push({ grant: kind, outcome: 'refused' })
      response
        .writeHead(instead.status, { 'content-type': instead.type ?? 'application/json' })
        .end(instead.body)
      return
    }
    const grant = kind === 'refresh_token' ? this.#byRefresh(form) : this.#byCode(form)
    this.tokenCalls.push({ grant: kind, outcome: grant === null ? 'refused' : 'ok' })
    if (grant === null) return this.#json(response, 400, { error: 'invalid_grant' })
    const access = randomUUID()
    this.#access.set(access, grant)
    const good = await this.#idToken(grant, kind)
    this.#json(response, 200, {
      access_token: access,
      token_type: 'Bearer',
      expires_in: this.accessLifetime,
      refresh_token: grant.refresh,
      id_token: this.odd.wholeIdToken === null ? good : await this.odd.wholeIdToken(good),
      ...this.odd.tokens,
    })
  }

  #byCode(form: URLSearchParams): Grant | null {
    const grant = this.#codes.get(form.get('code') ?? '')
    if (grant === undefined || grant.codeUsed) return null
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (challenge !== grant.challenge || form.get('redirect_uri') !== grant.redirectUri) return null
    grant.codeUsed = true
    return grant
  }

  #byRefresh(form: URLSearchParams): Grant | null {
    const token = form.get('refresh_token') ?? ''
    const grant = [...this.#grants].find(({ refresh, revoked }) => refresh === token && !revoked)
    if (grant !== undefined) {
      this.#spent.set(token, grant)
      grant.refresh = randomUUID()
      return grant
    }
    // Used twice: somebody has stolen it.
    const spent = this.#spent.get(token)
    if (spent !== undefined) spent.revoked = true
    return null
  }

  readonly #spent = new Map<string, Grant>()

  #idToken(grant: Grant, kind: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: this.issuer,
      sub: grant.subject,
      aud: clientId,
      iat: now,
      exp: now + 300,
      sid: grant.sid,
      ...(kind === 'refresh_token' || grant.nonce === null ? {} : { nonce: grant.nonce }),
      ...this.claims,
      ...this.odd.idToken,
    }
    return sign(claims, { alg: 'RS256', kid: 'one', ...this.odd.header }, this.keys.privateKey)
  }

  #userinfo({ headers }: IncomingMessage, response: ServerResponse): void {
    const grant = this.#access.get((headers.authorization ?? '').replace(/^Bearer /i, ''))
    if (grant === undefined) {
      response.writeHead(401).end()
      return
    }
    this.#json(response, 200, { sub: grant.subject, ...this.claims, ...this.odd.userinfo })
  }

  #json(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
}

/** Making one takes longer than a test. */
let madeKey: OddProvider['keys'] | null = null

function oneKey(): OddProvider['keys'] {
  madeKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
  return madeKey
}

function straight(): Oddities {
  return {
    metadata: {},
    callback: {},
    idToken: {},
    header: {},
    wholeIdToken: null,
    tokens: {},
    tokenAnswer: null,
    userinfo: {},
    tokenGate: null,
    down: false,
  }
}

function sign(
  claims: Record<string, unknown>,
  { alg, ...header }: Record<string, unknown>,
  key: KeyObject | Uint8Array,
): Promise<string> {
  const payload: JWTPayload = Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined),
  )
  if (alg === 'none') {
    const parts = [{ alg, ...header }, payload].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    return Promise.resolve(`${parts.join('.')}.`)
  }
  return new SignJWT(payload).setProtectedHeader({ alg: String(alg), ...header }).sign(key)
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += String(piece)
  return new URLSearchParams(text)
}
