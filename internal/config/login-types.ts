/** `[auth.oidc]`, `[auth.session]` and `[outbound]` as the rooms see them. */

import type { Secret } from './secret.ts'

/** How the gateway itself reaches identity providers and Redis; never used for workers. */
export interface OutboundConfig {
  /** The environment's own variables, one address for everything, or none. */
  readonly proxy:
    | { readonly kind: 'env' }
    | { readonly kind: 'none' }
    | { readonly kind: 'url'; readonly url: Secret }
  /** Hosts that are reached without it, in the form of `NO_PROXY`; `''` = those of the environment. */
  readonly noProxy: string
  /** Absolute path of further certificates that are trusted, in PEM form; null = none. */
  readonly caFile: string | null
  /** Whether certificates that the system trusts are trusted. */
  readonly systemCa: boolean
}

/** Providers with ways of their own. */
export type OidcPreset = 'none' | 'entra' | 'google' | 'okta' | 'keycloak'

/** How the gateway shows a provider who it is. */
export type ClientAuthConfig =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: Secret }
  | { readonly method: 'private_key_jwt'; readonly assertion: ClientAssertion }
  | { readonly method: 'none' }

/** What the gateway signs for a provider instead of showing a secret (RFC 7523). */
export interface ClientAssertion {
  /** PKCS 8 in PEM form. */
  readonly key: Secret
  readonly alg: string
  readonly keyId: string | null
  /** SHA-256 of the certificate in base64url. */
  readonly thumbprint: string | null
  readonly audience: 'issuer' | 'endpoint'
}

/** Login at an identity provider (OpenID Connect). */
export interface OidcConfig {
  readonly preset: OidcPreset
  readonly issuer: string
  readonly clientId: string
  readonly clientAuth: ClientAuthConfig
  readonly scopes: readonly string[]
  /** Never taken from a request; `''` = the callback below {@link LoginConfig.publicOrigin}. */
  readonly redirectUri: string
  readonly authorizationParams: Readonly<Record<string, string>>
  readonly userinfo: 'auto' | 'always' | 'never'
  readonly userClaim: string
  readonly emailClaim: string
  readonly nameClaim: string
  readonly groupsClaim: string
  readonly rolesClaim: string
  /** Whether an address counts only when the provider says that it was verified. */
  readonly requireVerifiedEmail: boolean
  /** Whether an address counts when the provider says nothing about it. */
  readonly trustUnverifiedEmail: boolean
  /** Who may sign in at all; empty = everybody the provider lets in. */
  readonly allowedEmailDomains: readonly string[]
  readonly allowedGroups: readonly string[]
  /** What is done when there are too many groups for a token, and whether groups are known by their names. */
  readonly groupsFrom: 'token' | 'graph_on_overage' | 'graph'
  readonly groupNames: boolean
  readonly graphUrl: string
  readonly backchannelLogout: boolean
  /** Whether it ends every session of the person. */
  readonly backchannelEverywhere: boolean
  readonly timeoutMs: number
  /** Plain http, on loopback only. */
  readonly allowInsecureIssuer: boolean
}

/** Where sessions are kept. */
export type SessionStoreConfig =
  | { readonly kind: 'memory' }
  /** Absolute path of the file. */
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'redis'; readonly url: Secret; readonly prefix: string }

/** Sessions and their cookies. */
export interface SessionConfig {
  readonly store: SessionStoreConfig
  /** At least 32 bytes each, the first one seals; empty = one is made and kept in the state directory. */
  readonly secrets: readonly Secret[]
  /** Without `__Host-`, which is added wherever browsers accept it. */
  readonly cookieName: string
  readonly sameSite: 'lax' | 'strict'
  readonly absoluteMs: number
  /** 0 = as long as the session itself. */
  readonly idleMs: number
  /** Whether an open WebSocket counts as use. */
  readonly socketsCount: boolean
  /** How long before its end an access token is renewed. */
  readonly refreshMarginMs: number
  readonly loginTimeoutMs: number
  readonly maxPendingLogins: number
  readonly recheckSocketsMs: number
  readonly streamlitLoginRedirect: boolean
}

/** Everything about login at a provider. */
export interface LoginConfig {
  /** Name of the gateway. */
  readonly name: string
  readonly oidc: OidcConfig
  readonly session: SessionConfig
  /** Path of the management endpoints below the root path, such as `/oauth2`. */
  readonly prefix: string
  /** Whether `/auth/login` and `/auth/logout` are Streamlit's own. */
  readonly streamlitNative: boolean
  /** Whether a page with a button comes before the provider's. */
  readonly signInPage: boolean
  /** Browsers reach it over https. */
  readonly secure: boolean
  /** Scheme, host and port that browsers see; `''` = the address the gateway listens on, which is loopback then. */
  readonly publicOrigin: string
  readonly rootPath: string
  /** Mounts of APIs, which nobody is sent back to after signing in. */
  readonly apiMounts: readonly string[]
  readonly outbound: OutboundConfig
}
