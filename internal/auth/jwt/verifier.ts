/** Whose token is this? Signature and claims against the issuers of a configuration, each token once a minute. */

import { errors, jwtVerify } from 'jose'

import type { JwtConfig, JwtIssuer } from '../../config/auth-types.ts'
import type { Identity } from '../identity.ts'
import { BadToken } from './bad-token.ts'
import { plainType, readBearer, type Bearer } from './bearer.ts'
import { readClaims } from './claims.ts'
import { importedKey, keyFor, type KeySet } from './key-set.ts'
import { openKeySource, type KeyRoom, type KeySource } from './key-source.ts'
import { TokenCache } from './token-cache.ts'

/** What verifiers need. */
export interface VerifierRoom extends KeyRoom {
  /** Wall-clock milliseconds. */
  readonly wallNow: () => number
  /** How a token got here. */
  readonly via: 'jwt' | 'proxy'
}

/** What is known of a token: whose it is, why it does not count, or that nobody can say now. */
export type Outcome = Identity | BadToken | 'unavailable'

/** Whether an outcome is somebody. */
export function isIdentity(outcome: Outcome): outcome is Identity {
  return typeof outcome === 'object' && !(outcome instanceof BadToken)
}

interface Issuer {
  readonly config: JwtIssuer
  readonly algorithms: ReadonlySet<string>
  readonly source: KeySource
}

/** Verifies tokens. */
export class TokenVerifier {
  readonly #config: JwtConfig
  readonly #room: VerifierRoom
  readonly #issuers: ReadonlyMap<string, Issuer>
  readonly #algorithms: ReadonlySet<string>
  readonly #cache: TokenCache
  /** Cache keys of tokens, by the fields they stand in. */
  readonly #hashed = new WeakMap<readonly string[], string>()
  /** Tokens that are being looked at: many requests at once ask once. */
  readonly #pending = new Map<string, Promise<Outcome>>()

  /** @throws Error when a file with keys cannot be used */
  constructor(config: JwtConfig, room: VerifierRoom) {
    this.#config = config
    this.#room = room
    this.#cache = new TokenCache(room.wallNow)
    this.#issuers = new Map(
      config.issuers.map((issuer) => [
        issuer.issuer,
        {
          config: issuer,
          algorithms: new Set(issuer.algorithms),
          source: openKeySource(issuer, config, room),
        },
      ]),
    )
    this.#algorithms = new Set(config.issuers.flatMap(({ algorithms }) => algorithms))
  }

  /**
   * Whose token it is, if that was found out a moment ago.
   * @param fields the list it stands in: a connection that repeats itself gives the same one, and no hash is needed
   */
  known(token: string, fields: readonly string[]): Identity | null {
    const hashed = this.#hashed.get(fields) ?? this.#cache.keyOf(token)
    const known = this.#cache.get(hashed)
    if (known !== null) this.#hashed.set(fields, hashed)
    return known
  }

  /** Looks at a token. */
  verify(token: string): BadToken | Promise<Outcome> {
    const bearer = readBearer(token, this.#algorithms)
    if (bearer instanceof BadToken) return bearer
    const key = this.#cache.keyOf(token)
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const verifying = this.#verify(bearer)
      .then((outcome) => (isIdentity(outcome) ? this.#cache.put(key, outcome) : outcome))
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, verifying)
    return verifying
  }

  /** Nothing is fetched any more. */
  close(): void {
    for (const { source } of this.#issuers.values()) if (source.kind === 'remote') source.keys.close()
  }

  async #verify(bearer: Bearer): Promise<Outcome> {
    const issuer = this.#issuers.get(bearer.issuer)
    if (issuer === undefined) return new BadToken('the token is of another issuer')
    if (!issuer.algorithms.has(bearer.alg)) return new BadToken('the algorithm is not accepted')
    const key = await keyOf(issuer.source, bearer).catch(() => unusableKey)
    if (key === 'unavailable' || key instanceof BadToken) return key
    const claims = await this.#verified(bearer, key)
    if (claims instanceof BadToken) return claims
    const read = readClaims(claims, issuer.config, this.#config, this.#room.wallNow() / 1_000)
    return read instanceof BadToken ? read : { ...read, via: this.#room.via }
  }

  /** The claims, when the signature is that of the key. */
  async #verified(
    { token, alg }: Bearer,
    key: Parameters<typeof jwtVerify>[1],
  ): Promise<Readonly<Record<string, unknown>> | BadToken> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key, {
        algorithms: [alg],
        requiredClaims: ['exp'],
        clockTolerance: this.#config.leewayS,
        currentDate: new Date(this.#room.wallNow()),
      })
      const typ = plainType(protectedHeader.typ ?? '')
      if (this.#config.tokenType === 'at+jwt' && typ !== 'at+jwt')
        return new BadToken('the token is of another type')
      return payload
    } catch (error) {
      return new BadToken(reasonOf(error))
    }
  }
}

async function keyOf(
  source: KeySource,
  bearer: Bearer,
): Promise<Parameters<typeof jwtVerify>[1] | BadToken | 'unavailable'> {
  if (source.kind === 'secret') return source.secret
  if (source.kind === 'fixed') return chosen(source.set, bearer) ?? unknownKey
  const set = await source.keys.current()
  if (set === null) return 'unavailable'
  const key = chosen(set, bearer)
  if (key !== null) return key
  const fresh = await source.keys.afterMiss()
  const found = fresh === null ? null : chosen(fresh, bearer)
  return found ?? (source.keys.failing ? 'unavailable' : unknownKey)
}

const unknownKey = new BadToken('the key of the token is not known')
const unusableKey = new BadToken('the key of the token cannot be used')

function chosen(set: KeySet, { alg, kid }: Bearer): ReturnType<typeof importedKey> | null {
  const key = keyFor(set, alg, kid)
  return key === null ? null : importedKey(key, alg)
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'exp' ? 'the token does not say when it ends' : 'a claim is not valid'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature is not right'
  return 'the token is not valid'
}
