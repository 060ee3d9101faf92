/** Mode `proxy`: somebody in front has signed people in. What it says counts only when it comes from there. */

import type { ProxyAuthConfig } from '../config/auth-types.ts'
import { compileTrustedPeers, type TrustedPeers } from '../exchange/peer.ts'
import { failure } from '../fault/failure.ts'
import { noCredential, type AccessRequest, type Authenticator, type Credential } from './credential.ts'
import { identityOf, type Identity } from './identity.ts'
import type { BadToken } from './jwt/bad-token.ts'
import { isIdentity, type Outcome } from './jwt/verifier.ts'

/** Checks assertions. */
export interface AssertionVerifier {
  known(token: string, fields: readonly string[]): Identity | null
  verify(token: string): BadToken | Promise<Outcome>
  close(): void
}

/** What the mode needs besides its configuration. */
export interface ProxyRoom {
  /** Null = plain headers are believed. */
  readonly verifier: AssertionVerifier | null
  /** Told of identity headers that come from elsewhere. */
  readonly untrusted: (request: AccessRequest) => void
}

/** What a proxy in front says. */
export class ProxyAuthenticator implements Authenticator {
  readonly mode = 'proxy'
  /** Workers and their neighbours on this machine are no proxy in front. */
  readonly listeners = 'public'
  readonly #config: ProxyAuthConfig
  readonly #trusts: TrustedPeers
  readonly #room: ProxyRoom
  /** The same person on every request of a moment: lines for workers are made once. */
  readonly #people = new Map<string, Identity>()
  readonly #asserted = new WeakMap<Identity, Identity>()

  constructor(config: ProxyAuthConfig, room: ProxyRoom) {
    this.#config = config
    this.#trusts = compileTrustedPeers(config.trustedProxies)
    this.#room = room
  }

  authenticate(request: AccessRequest): Credential | Promise<Credential> {
    const { assertionHeader, userHeader } = this.#config
    const said = valuesOf(request.head.claimed, assertionHeader === '' ? userHeader : assertionHeader)
    if (said.length === 0) return noCredential
    if (!this.#trusts(request.exchange.peer)) {
      this.#room.untrusted(request)
      return noCredential
    }
    const [value = ''] = said
    if (said.length > 1 || value === '') return rejected('the identity header is not said once')
    if (assertionHeader === '') return this.#plain(request, value)
    // A page cannot fetch a new assertion for a socket that is open: it says who opened it, and that it was true then.
    if (request.recheck?.via === 'proxy' && !this.#config.closeSocketsAtExp)
      return { kind: 'identity', identity: request.recheck }
    return this.#assertion(value, request.head.claimed)
  }

  close(): void {
    this.#room.verifier?.close()
  }

  #assertion(token: string, fields: readonly string[]): Credential | Promise<Credential> {
    const { verifier } = this.#room
    const known = verifier?.known(token, fields) ?? null
    if (known !== null) return { kind: 'identity', identity: this.#lasting(known) }
    const outcome = verifier?.verify(token) ?? 'unavailable'
    return outcome instanceof Promise ? outcome.then((seen) => this.#answerTo(seen)) : this.#answerTo(outcome)
  }

  #answerTo(outcome: Outcome): Credential {
    if (outcome === 'unavailable')
      return { kind: 'unavailable', failure: { ...failure('auth_unavailable'), retryAfterS: 5 } }
    // As whom it signs in is the proxy's word, and a browser sends what the proxy goes by on its own.
    if (isIdentity(outcome)) return { kind: 'identity', identity: this.#lasting(outcome) }
    return rejected(outcome.reason)
  }

  /** The assertion ends, and with the next request there is another one; nothing that is open ends with it. */
  #lasting(identity: Identity): Identity {
    if (this.#config.closeSocketsAtExp) return identity
    const known = this.#asserted.get(identity) ?? { ...identity, expiresAt: null }
    this.#asserted.set(identity, known)
    return known
  }

  #plain({ head }: AccessRequest, user: string): Credential {
    const { emailHeader, groupsHeader, nameHeader, groupsSeparator } = this.#config
    const parts = [emailHeader, groupsHeader, nameHeader].map((name) => valuesOf(head.claimed, name))
    if (parts.some((values) => values.length > 1)) return rejected('an identity header is said twice')
    const [[email = ''] = [], [groups = ''] = [], [name = ''] = []] = parts
    const key = JSON.stringify([user, email, groups, name])
    const known = this.#people.get(key)
    if (known !== undefined) return { kind: 'identity', identity: known }
    const identity = identityOf({
      via: 'proxy',
      subject: user,
      preferredUsername: user,
      email: email === '' ? null : email,
      name: name === '' ? null : name,
      groups: groups
        .split(groupsSeparator)
        .map((group) => group.trim())
        .filter((group) => group !== ''),
    })
    if (this.#people.size >= mostPeople) this.#people.clear()
    this.#people.set(key, identity)
    return { kind: 'identity', identity }
  }
}

const mostPeople = 1_000

/** Every value of a field, as UTF-8. */
function valuesOf(claimed: readonly string[], name: string): readonly string[] {
  if (name === '') return []
  const values: string[] = []
  for (let i = 0; i < claimed.length; i += 2)
    if (claimed[i] === name) values.push(Buffer.from(claimed[i + 1] ?? '', 'latin1').toString('utf8'))
  return values
}

function rejected(reason: string): Credential {
  return { kind: 'rejected', failure: { ...failure('unauthenticated'), cause: reason } }
}
