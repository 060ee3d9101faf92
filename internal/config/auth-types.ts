/** `[auth]` as the rooms see it. */

import type { Origin } from './config.ts'
import type { LoginConfig } from './login-types.ts'
import type { Secret } from './secret.ts'

/** Ways to show who one is. */
export type AuthMode = 'jwt' | 'proxy' | 'oidc' | 'basic' | 'dev'

/** Who may do what, and how they show who they are; null in its place = nobody is asked. */
export interface AuthConfig {
  readonly modes: readonly AuthMode[]
  /** What holds for a path without a rule. */
  readonly default: 'authenticated' | 'public' | 'deny'
  readonly headers: IdentityHeaders
  /** Whether pages of other sites may not even read from an API for whoever is signed in. */
  readonly apiSameOriginGet: boolean
  /** Whether `st.login` and `st.user` are Streamlit's own business. */
  readonly streamlitNative: boolean
  /** First match wins. */
  readonly rules: readonly AccessRule[]
  /** By worker name: what holds besides the rules. */
  readonly access: Readonly<Record<string, Requirement>>
  readonly expectations: readonly Expectation[]
  readonly jwt: JwtConfig | null
  /** Null = nobody logs in at a provider here. */
  readonly login: LoginConfig | null
  readonly basic: readonly BasicUser[] | null
  readonly proxy: ProxyAuthConfig | null
  /** Who everybody is; null = mode `dev` is off. */
  readonly dev: AssumedIdentity | null
}

/** One of `[[auth.basic.users]]`. */
export interface BasicUser {
  readonly name: string
  /** scrypt, in the form of `fluxlit hash-password`. */
  readonly passwordHash: Secret
  readonly email: string | null
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

/** `[auth.proxy]` with its preset filled in; header names in lower case, `''` = not looked at. */
export interface ProxyAuthConfig {
  /** CIDRs; at least one. */
  readonly trustedProxies: readonly string[]
  readonly userHeader: string
  readonly emailHeader: string
  readonly nameHeader: string
  readonly groupsHeader: string
  readonly groupsSeparator: string
  /** When it is given the plain headers do not count. */
  readonly assertionHeader: string
  readonly assertion: ProxyAssertion | null
  /** Beginnings of the names of the proxy's own cookies: whoever has one is signed in there. */
  readonly cookies: readonly string[]
  /** Whether a socket ends with the assertion it was opened with. */
  readonly closeSocketsAtExp: boolean
}

/** How the assertion of a proxy is checked. */
export type ProxyAssertion =
  | { readonly kind: 'jwt'; readonly jwt: JwtConfig }
  | {
      readonly kind: 'aws-alb'
      /** ARN of the load balancer. */
      readonly signer: string
      readonly keysUrl: string
      readonly issuer: string
      readonly leewayS: number
      readonly timeoutMs: number
    }

/** Header names towards workers; `''` = not sent. */
export interface IdentityHeaders {
  readonly user: string
  readonly email: string
  readonly groups: string
  readonly preferredUsername: string
  readonly assertion: string
  readonly accessToken: string
  /** Longest value of the groups header; more and it is left out. */
  readonly maxGroupsBytes: number
  readonly upstreamAuthorization: 'strip' | 'access_token' | 'first_party'
  /** Null = no tokens of the gateway's own. */
  readonly firstParty: FirstPartyTokens | null
  /** Whether a client's own bearer is passed on. */
  readonly forwardAuthorization: boolean
  readonly assertionTtlMs: number
  /** PKCS 8 key of the assertion in PEM form; null = made at every start. */
  readonly assertionKey: Secret | null
}

/** Tokens that applications check with a secret they share with the gateway. */
export interface FirstPartyTokens {
  readonly secret: Secret
  /** `iss` and `aud`. */
  readonly issuer: string
  readonly audience: string
}

/** One element of `[[auth.rules]]`. */
export interface AccessRule {
  /** Where it stands, for messages. */
  readonly where: Origin
  readonly path: PathPattern
  /** Upper case; empty = every method. */
  readonly methods: readonly string[]
  /** `public`: nobody is asked; `deny`: nobody passes; `authenticated`: whoever meets the requirement. */
  readonly allow: 'public' | 'authenticated' | 'deny'
  readonly requires: Requirement
  readonly onUnauthenticated: 'auto' | 'redirect' | '401'
}

/** Which paths a rule is for, below the root path. */
export type PathPattern =
  | { readonly kind: 'glob'; readonly text: string }
  | { readonly kind: 'regex'; readonly text: string }

/** Conditions on an identity. All kinds must hold; an empty list asks nothing. */
export interface Requirement {
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly allRoles: readonly string[]
  readonly emails: readonly string[]
  readonly emailDomains: readonly string[]
  readonly scopes: readonly string[]
  readonly anyScope: readonly string[]
  /** Whether scopes are asked of sessions too. */
  readonly scopeForSessions: boolean
  readonly claims: readonly (readonly [name: string, values: readonly string[]])[]
}

/** One element of `[[auth.expect]]`: a test of the rules. */
export interface Expectation {
  readonly where: Origin
  /** Null = nobody is signed in. */
  readonly as: AssumedIdentity | null
  readonly method: string
  readonly path: string
  readonly host: string
  readonly allow: boolean
}

/** An identity as configurations and command lines write it. */
export interface AssumedIdentity {
  readonly via: 'session' | 'bearer'
  readonly subject: string
  readonly email: string | null
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
}

/** `[limits] rate`. */
export interface RateConfig {
  readonly requests: number
  readonly periodMs: number
  readonly burst: number
  readonly by: 'client' | 'user'
}

/** Where the keys of a token's issuer come from. */
export type JwtKeys =
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string; readonly where: Origin }
  | { readonly kind: 'secret'; readonly secret: Secret }

/** One issuer of bearer tokens. */
export interface JwtIssuer {
  readonly issuer: string
  /** At least one; a token for any of them is for us. */
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  readonly keys: JwtKeys
}

/** `[auth.jwt]`. */
export interface JwtConfig {
  /** At least one; each has a name of its own. */
  readonly issuers: readonly JwtIssuer[]
  readonly leewayS: number
  readonly tokenType: 'any' | 'at+jwt'
  readonly requiredClaims: readonly string[]
  /** Longest time between `iat` and `exp`; 0 = any. */
  readonly maxLifetimeMs: number
  readonly userClaim: string
  readonly scopeClaim: string
  readonly rolesClaim: string
  readonly groupsClaim: string
  /** Whether an address counts of which the issuer does not say that it was verified. */
  readonly trustUnverifiedEmail: boolean
  readonly cooldownMs: number
  readonly cacheMaxAgeMs: number
  readonly timeoutMs: number
  readonly staleIfErrorMs: number
}
