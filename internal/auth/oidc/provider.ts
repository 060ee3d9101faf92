/**
 * The identity provider as the gateway talks to it. openid-client does the protocol and checks what comes back; here is
 * which checks are asked for, and what a session makes of the answers.
 */

import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import * as client from 'openid-client'

import type { OidcConfig } from '../../config/login-types.ts'
import type { Outbound } from '../outbound.ts'
import type { SessionData } from '../session/data.ts'
import { accessTokenClaims, needsUserinfo, personal, saysTooManyGroups } from './claims.ts'
import { Discovery, type DiscoveryOptions } from './discovery.ts'
import { groupsFromGraph } from './graph.ts'
import type { LoginAttempt } from '../login/attempt.ts'
import { readLogoutToken, type EndedSession } from './logout-token.ts'
import { ProviderError, providerError } from './provider-error.ts'

/** What {@link Provider} is made with. */
export interface ProviderOptions {
  readonly config: OidcConfig
  /** Where the provider sends browsers back to. */
  readonly redirectUri: () => string
  readonly outbound: Outbound
  readonly onState: DiscoveryOptions['onState']
}

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

/** How long a revocation may take: nobody waits for it. */
const revocationMs = 3_000

/** One provider, one client. Every method throws {@link ProviderError}. */
export class Provider {
  readonly #config: OidcConfig
  readonly #outbound: Outbound
  readonly #redirectUri: () => string
  readonly #discovery: Discovery
  #keys: { readonly url: string; readonly get: ReturnType<typeof createRemoteJWKSet> } | null = null

  constructor({ config, redirectUri, outbound, onState }: ProviderOptions) {
    this.#redirectUri = redirectUri
    this.#config = config
    this.#outbound = outbound
    this.#discovery = new Discovery({ config, outbound, onState })
  }

  /** Looks for the provider, without anybody waiting for it. */
  start(): void {
    this.#discovery.start()
  }

  /** Where the browser goes to sign in. @param extra further parameters, such as `prompt` */
  async loginUrl(attempt: LoginAttempt, extra: Readonly<Record<string, string>> = {}): Promise<string> {
    const configuration = await this.#discovery.get()
    const { scopes, authorizationParams } = this.#config
    const url = client.buildAuthorizationUrl(configuration, {
      ...authorizationParams,
      ...extra,
      scope: scopes.join(' '),
      response_type: 'code',
      redirect_uri: this.#redirectUri(),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    })
    return url.href
  }

  /** Redeems the code that came back. @param query as the browser brought it, with its `?` */
  redeem(attempt: LoginAttempt, query: string): Promise<SessionData> {
    return this.#ask(async (configuration) => {
      const tokens = await client.authorizationCodeGrant(
        configuration,
        new URL(this.#redirectUri() + query),
        {
          pkceCodeVerifier: attempt.verifier,
          expectedState: attempt.state,
          expectedNonce: attempt.nonce,
          idTokenExpected: true,
        },
      )
      const claims = tokens.claims()
      if (claims === undefined) throw new ProviderError('invalid', 'no_id_token')
      return this.#session(configuration, tokens, claims, null)
    })
  }

  /** New tokens for a session; what the provider does not tell again stays as it was. */
  refresh(before: SessionData): Promise<SessionData> {
    return this.#ask(async (configuration) => {
      const tokens = await client.refreshTokenGrant(configuration, before.refreshToken ?? '')
      const claims = tokens.claims()
      // OpenID Connect Core 12.2: a renewal is for the same person.
      if (claims !== undefined && (claims.sub !== before.subject || claims.iss !== before.issuer))
        throw new ProviderError('invalid_grant', 'another_subject')
      return this.#session(configuration, tokens, claims ?? null, before)
    })
  }

  /** Ends a refresh token at the provider, as far as that works. */
  async revoke(refreshToken: string | null): Promise<void> {
    if (refreshToken === null) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, revocationMs)
    try {
      const configuration = await this.#discovery.get()
      if (configuration.serverMetadata().revocation_endpoint === undefined) return
      const parameters = { token_type_hint: 'refresh_token' }
      await Promise.race([client.tokenRevocation(configuration, refreshToken, parameters), late.promise])
    } catch {
      // Best effort: the session is over here in any case.
    } finally {
      clearTimeout(timer)
    }
  }

  /** Where the browser goes to sign out at the provider too; null = it has no such place, or nobody knows. */
  async logoutUrl(idToken: string | null, returnTo: string, state: string): Promise<string | null> {
    const configuration = await this.#discovery.get().catch(() => null)
    if (configuration?.serverMetadata().end_session_endpoint === undefined) return null
    const url = client.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: returnTo,
      state,
      ...(idToken === null ? {} : { id_token_hint: idToken }),
    })
    return url.href
  }

  /** Whom a back-channel logout is about. @throws ProviderError `invalid` for everything that is no valid logout token */
  async verifyLogout(token: string): Promise<EndedSession> {
    const configuration = await this.#discovery.get()
    const metadata = configuration.serverMetadata()
    const keys = this.#keysAt(metadata.jwks_uri ?? '')
    const supported = metadata.id_token_signing_alg_values_supported ?? ['RS256']
    return readLogoutToken(token, {
      issuer: this.#config.issuer,
      clientId: this.#config.clientId,
      verify: (text) =>
        jwtVerify(text, keys, {
          issuer: this.#config.issuer,
          audience: this.#config.clientId,
          algorithms: supported.filter((alg) => /^(?:RS|PS|ES)\d{3}$|^(?:EdDSA|Ed25519)$/.test(alg)),
          clockTolerance: 30,
          requiredClaims: ['iat', 'jti', 'exp'],
        }),
    })
  }

  close(): void {
    this.#discovery.close()
  }

  async #ask<T>(work: (configuration: client.Configuration) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#discovery.get())
    } catch (error) {
      throw providerError(error)
    }
  }

  async #session(
    configuration: client.Configuration,
    tokens: Tokens,
    said: client.IDToken | null,
    before: SessionData | null,
  ): Promise<SessionData> {
    const subject = said?.sub ?? before?.subject ?? ''
    const known = said === null ? (before?.claims ?? {}) : personal(said)
    const told = await this.#userinfo(configuration, tokens.access_token, subject, known, said, before)
    const groups = await this.#groups(tokens.access_token, told.claims)
    const expiresIn = tokens.expiresIn()
    const now = Date.now()
    return {
      issuer: said?.iss ?? before?.issuer ?? this.#config.issuer,
      subject,
      sid: typeof said?.['sid'] === 'string' ? said['sid'] : (before?.sid ?? null),
      claims: { ...told.claims, ...groups.claims },
      askedUserinfo: told.asked,
      groupsUnknown: groups.unknown,
      idToken: tokens.id_token ?? before?.idToken ?? null,
      accessToken: tokens.access_token,
      accessIssuedAt: now,
      accessExpiresAt: expiresIn === undefined ? null : now + expiresIn * 1000,
      refreshToken: tokens.refresh_token ?? before?.refreshToken ?? null,
      signedInAt: before?.signedInAt ?? now,
    }
  }

  async #userinfo(
    configuration: client.Configuration,
    accessToken: string,
    subject: string,
    known: SessionData['claims'],
    said: client.IDToken | null,
    before: SessionData | null,
  ): Promise<{ readonly claims: SessionData['claims']; readonly asked: boolean }> {
    const inToken = this.#config.preset === 'keycloak' ? rolesOf(accessTokenClaims(accessToken)) : {}
    const claims = { ...inToken, ...known }
    const asks = before?.askedUserinfo ?? needsUserinfo(claims, this.#config)
    const { userinfo_endpoint: endpoint } = configuration.serverMetadata()
    if (!asks || endpoint === undefined || this.#config.userinfo === 'never') return { claims, asked: false }
    const more = await client.fetchUserInfo(configuration, accessToken, subject).catch((error: unknown) => {
      const problem = providerError(error)
      // The tokens are new and must be kept; what is known of the person stays until the next renewal.
      if (before !== null && problem.kind !== 'invalid') return {}
      throw problem
    })
    // What is signed counts more; a renewal without ID token has nothing newer than userinfo.
    return { claims: said === null ? { ...claims, ...more } : { ...more, ...claims }, asked: true }
  }

  async #groups(
    accessToken: string,
    claims: SessionData['claims'],
  ): Promise<{ readonly claims: SessionData['claims']; readonly unknown: boolean }> {
    const { groupsFrom, groupsClaim, groupNames, graphUrl, preset } = this.#config
    const tooMany = preset === 'entra' && saysTooManyGroups(claims)
    if (preset !== 'entra' || (groupsFrom !== 'graph' && !tooMany)) return { claims: {}, unknown: false }
    if (groupsFrom === 'token') return { claims: {}, unknown: true }
    try {
      const groups = await groupsFromGraph(this.#outbound, graphUrl, accessToken, groupNames)
      return { claims: { [groupsClaim]: groups }, unknown: false }
    } catch {
      // Signing in goes on; whoever needs a group does not pass.
      return { claims: {}, unknown: true }
    }
  }

  #keysAt(url: string): ReturnType<typeof createRemoteJWKSet> {
    if (this.#keys?.url === url) return this.#keys.get
    const get = createRemoteJWKSet(new URL(url), {
      [customFetch]: (address, init) => this.#outbound.fetch(address, init),
      timeoutDuration: this.#config.timeoutMs,
    })
    this.#keys = { url, get }
    return get
  }
}

/** Keycloak's own two claims. */
function rolesOf(claims: SessionData['claims']): SessionData['claims'] {
  return Object.fromEntries(
    Object.entries(claims).filter(([name]) => name === 'realm_access' || name === 'resource_access'),
  )
}
