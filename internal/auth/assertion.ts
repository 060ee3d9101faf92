/**
 * The signed statement of who asks that goes to workers beside the plain headers (ES256, RFC 7515). A worker that checks
 * it believes nobody else, however a request reached it.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto'

import type { Identity } from './identity.ts'

/** `aud` of every assertion. */
export const workerAudience = 'fluxlit-worker'

/** How long a signed assertion is used again, in milliseconds. */
const reusedMs = 60_000

/**
 * How long the one of a socket holds where nothing that was shown for it ends: longer than pages stay open. It comes once,
 * and the page that reads it later must still find out who it is for.
 */
const openMs = 30 * 86_400_000

/** The key that assertions are signed with. */
export class AssertionKey {
  /** Key set with the public half as JSON text (RFC 7517). */
  readonly jwks: string
  readonly #key: KeyObject
  readonly #header: string

  private constructor(key: KeyObject) {
    this.#key = key
    const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' })
    // RFC 7638: the members in this order and nothing else.
    const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
    this.jwks = JSON.stringify({ keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] })
    this.#header = encode({ alg: 'ES256', typ: 'fluxlit-identity+jwt', kid })
  }

  /** A key of its own, or the one in `pem`. @throws Error when it is no P-256 key */
  static of(pem: string | null): AssertionKey {
    if (pem === null) return new AssertionKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('it is not a P-256 key')
    return new AssertionKey(key)
  }

  /** Signs claims. */
  sign(claims: Readonly<Record<string, unknown>>): string {
    const signed = `${this.#header}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
}

/** What assertions say besides who it is. */
export interface AssertionRules {
  readonly issuer: string
  readonly ttlMs: number
  readonly maxGroupsBytes: number
  /** Wall-clock milliseconds. */
  readonly now: () => number
}

/** Signs one assertion per identity and minute; one for a socket of its own, which lives as long as the login. */
export function compileAssertion(
  key: AssertionKey,
  rules: AssertionRules,
): (identity: Identity, upgrade: boolean) => string {
  const kept = new WeakMap<Identity, { readonly text: string; readonly until: number }>()
  return (identity, upgrade) => {
    const now = rules.now()
    if (upgrade) return key.sign(claimsOf(identity, rules, now, identity.expiresAt ?? now + openMs))
    const known = kept.get(identity)
    if (known !== undefined && known.until > now) return known.text
    const text = key.sign(claimsOf(identity, rules, now, now + rules.ttlMs))
    kept.set(identity, { text, until: now + Math.min(reusedMs, rules.ttlMs / 2) })
    return text
  }
}

function claimsOf(
  identity: Identity,
  { issuer, maxGroupsBytes }: AssertionRules,
  now: number,
  expires: number,
): Readonly<Record<string, unknown>> {
  const { sessionKey, email, name, preferredUsername, authTime, acr, amr } = identity
  const truncated = Buffer.byteLength(identity.groups.join(',')) > maxGroupsBytes
  return {
    iss: issuer,
    aud: workerAudience,
    sub: identity.subject,
    ...present({ email, name, preferred_username: preferredUsername }),
    groups: truncated ? [] : identity.groups,
    ...(truncated ? { groups_truncated: true } : {}),
    roles: identity.roles,
    scope: identity.scopes.join(' '),
    ...present({ auth_time: authTime ?? null, acr: acr ?? null, amr: amr ?? null }),
    ...(sessionKey === null
      ? {}
      : { sid: createHash('sha256').update(sessionKey).digest('base64url').slice(0, 22) }),
    via: identity.via,
    iat: Math.floor(now / 1_000),
    exp: Math.floor(expires / 1_000),
    jti: randomUUID(),
  }
}

function present(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
