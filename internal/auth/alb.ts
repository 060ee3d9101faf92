/**
 * Assertions of an AWS Application Load Balancer (`x-amzn-oidc-data`): a JWT of their own kind, with padding, without an
 * audience, and signed with a key that is found by its id. Which load balancer signed is said by `signer`, and counts only
 * together with the signature: anybody can have a load balancer.
 */

import { createPublicKey, verify, type KeyObject } from 'node:crypto'

import { BadToken } from './jwt/bad-token.ts'
import { identityFromClaims, isRecord, type Claims } from './jwt/claims.ts'
import type { Fetch } from './jwt/key-source.ts'
import type { Outcome } from './jwt/verifier.ts'
import type { AssertionVerifier } from './proxy.ts'
import type { Identity } from './identity.ts'

/** What is checked. */
export interface AlbRules {
  /** ARN of the load balancer. */
  readonly signer: string
  /** Where keys are, without the id; made from the region and from nothing a token says. */
  readonly keysUrl: string
  /** Issuer the load balancer signs people in at; `''` = any. */
  readonly issuer: string
  readonly leewayS: number
  readonly timeoutMs: number
}

/** What the verifier needs. */
export interface AlbRoom {
  readonly fetch: Fetch
  /** Wall-clock milliseconds. */
  readonly now: () => number
}

const mostKeys = 20
const pauseMs = 5_000
const claimNames = {
  userClaim: 'sub',
  scopeClaim: 'scope',
  rolesClaim: 'roles',
  groupsClaim: 'groups',
  trustUnverifiedEmail: true,
}

/** Verifies them. */
export class AlbVerifier implements AssertionVerifier {
  readonly #rules: AlbRules
  readonly #room: AlbRoom
  readonly #keys = new Map<string, KeyObject>()
  #failedAt = Number.NEGATIVE_INFINITY
  #last: { readonly token: string; readonly identity: Identity; readonly until: number } | null = null

  constructor(rules: AlbRules, room: AlbRoom) {
    this.#rules = rules
    this.#room = room
  }

  known(token: string): Identity | null {
    const last = this.#last
    return last !== null && last.token === token && last.until > this.#room.now() ? last.identity : null
  }

  verify(token: string): BadToken | Promise<Outcome> {
    const [first = '', second = '', signature = '', ...more] = token.split('.')
    const [header, claims] = [partOf(first), partOf(second)]
    if (header === null || claims === null || more.length > 0 || token.length > 16_384)
      return new BadToken('the assertion is not a signed JWT')
    const { alg, kid, signer } = header
    if (alg !== 'ES256' || signer !== this.#rules.signer)
      return new BadToken('the assertion is of another load balancer')
    if (typeof kid !== 'string' || !/^[0-9a-f-]{1,64}$/i.test(kid))
      return new BadToken('the key id is not valid')
    const signed = Buffer.from(`${first}.${second}`)
    return this.#verify({
      token,
      kid,
      signed,
      signature: Buffer.from(signature, 'base64url'),
      header,
      claims,
    })
  }

  close(): void {
    this.#keys.clear()
  }

  async #verify(given: {
    readonly token: string
    readonly kid: string
    readonly signed: Buffer
    readonly signature: Buffer
    readonly header: Claims
    readonly claims: Claims
  }): Promise<Outcome> {
    const key = this.#keys.get(given.kid) ?? (await this.#fetchKey(given.kid))
    if (key === 'unavailable' || key instanceof BadToken) return key
    const right = verify('sha256', given.signed, { key, dsaEncoding: 'ieee-p1363' }, given.signature)
    if (!right) return new BadToken('the signature is not right')
    const complaint = this.#complaintAbout(given.header, given.claims)
    if (complaint !== null) return new BadToken(complaint)
    const identity: Identity = { ...identityFromClaims(given.claims, claimNames), via: 'proxy' }
    if (identity.subject === '') return new BadToken('the assertion names no user')
    this.#last = { token: given.token, identity, until: this.#room.now() + 30_000 }
    return identity
  }

  #complaintAbout(header: Claims, claims: Claims): string | null {
    const { issuer, leewayS } = this.#rules
    const nowS = this.#room.now() / 1_000
    const ends = [header['exp'], claims['exp']].filter((exp) => exp !== undefined)
    if (ends.length === 0 || !ends.every((exp) => typeof exp === 'number' && exp + leewayS > nowS))
      return 'the assertion has expired'
    if (issuer !== '' && (header['iss'] ?? claims['iss']) !== issuer)
      return 'the assertion is of another issuer'
    return null
  }

  async #fetchKey(kid: string): Promise<KeyObject | BadToken | 'unavailable'> {
    if (this.#room.now() - this.#failedAt < pauseMs) return 'unavailable'
    try {
      const answer = await this.#room.fetch(this.#rules.keysUrl + kid, {
        redirect: 'error',
        signal: AbortSignal.timeout(this.#rules.timeoutMs),
      })
      if (answer.status === 404 || answer.status === 403)
        return new BadToken('the key of the assertion is not known')
      if (answer.status !== 200) throw new Error(`status ${answer.status}`)
      const key = createPublicKey(await answer.text())
      if (this.#keys.size >= mostKeys) this.#keys.clear()
      this.#keys.set(kid, key)
      return key
    } catch {
      this.#failedAt = this.#room.now()
      return 'unavailable'
    }
  }
}

function partOf(text: string): Claims | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}
