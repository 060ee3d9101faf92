import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'

import type { AccessRule, AuthConfig, JwtConfig, JwtIssuer } from '../../internal/config/auth-types.ts'
import { noRequirement } from '../../internal/auth/rules.ts'
import type { Cleanup } from './cleanup.ts'

/** Issuer of the tests' tokens. */
export const issuer = 'https://idp.test/realms/main'

/** What a test's configuration says differently. */
export type AuthOverrides = Partial<Omit<AuthConfig, 'jwt'>> & { readonly jwt?: Partial<JwtConfig> }

/** A configuration in which bearer tokens of {@link Signer} count. */
export function bearerAuth(keys: JwtIssuer['keys'], overrides: AuthOverrides = {}): AuthConfig {
  const { jwt, ...others } = overrides
  return {
    modes: ['jwt'],
    default: 'authenticated',
    headers: {
      user: 'X-Forwarded-User',
      email: 'X-Forwarded-Email',
      groups: 'X-Forwarded-Groups',
      preferredUsername: 'X-Forwarded-Preferred-Username',
      assertion: 'X-Fluxlit-Jwt-Assertion',
      accessToken: '',
      maxGroupsBytes: 4096,
      upstreamAuthorization: 'strip',
      firstParty: null,
      forwardAuthorization: true,
      assertionTtlMs: 300_000,
      assertionKey: null,
    },
    apiSameOriginGet: false,
    streamlitNative: false,
    rules: [],
    access: {},
    expectations: [],
    login: null,
    jwt: {
      issuers: [{ issuer, audience: ['fluxlit-api'], algorithms: ['RS256', 'ES256', 'EdDSA'], keys }],
      leewayS: 30,
      tokenType: 'any',
      requiredClaims: [],
      maxLifetimeMs: 86_400_000,
      userClaim: 'sub',
      scopeClaim: 'scope',
      rolesClaim: 'roles',
      groupsClaim: 'groups',
      trustUnverifiedEmail: false,
      cooldownMs: 30_000,
      cacheMaxAgeMs: 600_000,
      timeoutMs: 5_000,
      staleIfErrorMs: 86_400_000,
      ...jwt,
    },
    basic: null,
    proxy: null,
    dev: null,
    ...others,
  }
}

/** A rule for a path. */
export function rule(path: string, overrides: Partial<AccessRule> = {}): AccessRule {
  return {
    where: `rule ${path}`,
    path: { kind: 'glob', text: path },
    methods: [],
    allow: 'authenticated',
    requires: noRequirement,
    onUnauthenticated: 'auto',
    ...overrides,
  }
}

/** Signs what it is given, right or wrong. */
export class Signer {
  readonly kid: string
  readonly #key: KeyObject
  readonly #public: KeyObject

  constructor(kid = 'one') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.kid = kid
    this.#key = privateKey
    this.#public = publicKey
  }

  /** Its public half as an entry of a key set. */
  get jwk(): Readonly<Record<string, unknown>> {
    return { ...this.#public.export({ format: 'jwk' }), kid: this.kid, use: 'sig' }
  }

  /** Its public half in PEM form, as somebody would use it who takes it for a secret. */
  get pem(): string {
    return this.#public.export({ type: 'spki', format: 'pem' })
  }

  /** A token for a user that is right unless the claims or the header say otherwise. */
  token(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): string {
    const signed = unsigned({ ...usualClaims(), ...claims }, { alg: 'ES256', kid: this.kid, ...header })
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
}

/** What a token says about its user unless told otherwise. */
export function usualClaims(): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1_000)
  return { iss: issuer, aud: 'fluxlit-api', sub: 'bob', iat: now, exp: now + 300 }
}

/** Header and claims of a token, without a signature. */
export function unsigned(claims: unknown, header: unknown): string {
  return `${part(header)}.${part(claims)}`
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** A token signed with a secret. */
export function hmacToken(secret: string, claims: Readonly<Record<string, unknown>> = {}): string {
  const signed = unsigned({ ...usualClaims(), ...claims }, { alg: 'HS256', typ: 'JWT' })
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

/** An address that publishes a key set; what it answers can be changed. */
export interface KeyServer {
  readonly url: string
  /** How often it was asked. */
  readonly asked: () => number
  answer: { status: number; keys: readonly unknown[] } | 'hang'
}

/** Opens one; closed after the test. */
export async function keyServer(t: Cleanup, keys: readonly unknown[]): Promise<KeyServer> {
  let asked = 0
  const state: KeyServer['answer'] = { status: 200, keys }
  const server = createServer((_request, response) => {
    asked += 1
    const { answer } = served
    if (answer === 'hang') return
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: answer.keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const served: KeyServer = { url: `http://127.0.0.1:${port}/keys`, asked: () => asked, answer: state }
  return served
}
