/**
 * The stage `authorize`: who asks, and whether they may. One function for requests and handshakes; a value wherever the
 * answer is known, a promise only where somebody has to be asked.
 */

import type { AuthConfig, Requirement } from '../config/auth-types.ts'
import { failure, type Failure } from '../fault/failure.ts'
import type { AccessRequest, Authenticator, Credential } from './credential.ts'
import { isForeignRead, isForged } from './cross-site.ts'
import { deny, type Decision } from './decision.ts'
import type { Identity } from './identity.ts'
import type { Passages } from './passage.ts'
import { answerPreflight } from './preflight.ts'
import { asksNothing, unmetBy } from './requirement.ts'
import { compileRules, noRequirement, type RuleTable, type Verdict } from './rules.ts'
import type { Unauthenticated } from './unauthenticated.ts'

/** Decides about one request or handshake. Never throws. */
export type Authorize = (request: AccessRequest) => Decision | Promise<Decision>

/** What decisions are made from; all of it prepared at start. */
export interface AuthorizeParts {
  readonly auth: Pick<AuthConfig, 'rules' | 'default' | 'access' | 'apiSameOriginGet'>
  /** In the order in which they look. */
  readonly authenticators: readonly Authenticator[]
  readonly passages: Passages
  /** What is said to somebody who is not signed in. */
  readonly unauthenticated: Unauthenticated
  /** Origins besides the own one whose pages may act for who is signed in. */
  readonly isOwnOrigin: (origin: string, host: string) => boolean
  /** Names of headers, lower case, that tell workers who asks; null = they may come from a proxy in front. */
  readonly identityNames: ReadonlySet<string> | null
  readonly watch: AuthWatch
}

/** Told of what was decided, for counters and the audit log. */
export interface AuthWatch {
  authenticated(request: AccessRequest, mode: Authenticator['mode'] | 'none', credential: Credential): void
  denied(request: AccessRequest, identity: Identity | null, rule: string, reason: Failure): void
  /** Somebody who may not say who asks has sent a header that does. */
  stripped(request: AccessRequest, name: string): void
}

/** Compiles the stage. */
export function compileAuthorize(parts: AuthorizeParts): Authorize {
  const stage = new Stage(parts)
  return (request) => stage.decide(request)
}

class Stage {
  readonly #parts: AuthorizeParts
  readonly #rules: RuleTable

  constructor(parts: AuthorizeParts) {
    this.#parts = parts
    this.#rules = compileRules(parts.auth)
  }

  decide(request: AccessRequest): Decision | Promise<Decision> {
    if (request.head.claimed.length > 0) this.#tellStripped(request)
    const verdict = this.#verdictOf(request)
    if (verdict === null) return deny(failure('ambiguous_path'))
    if (verdict.allow === 'deny') return this.#deny(request, null, verdict, failure('forbidden'))
    const access = this.#accessOf(request)
    const open = verdict.allow === 'public' && asksNothing(access)
    // A preflight never carries a credential: whether the request itself may pass is decided when it comes.
    if (request.head.preflight !== null && !open)
      return answerPreflight(request, request.head.preflight, this.#parts.isOwnOrigin)
    const seen = this.#look(request, 0)
    const judge = (credential: Credential): Decision =>
      open ? this.#letPass(request, credential) : this.#judge(request, credential, verdict, access)
    return seen instanceof Promise ? seen.then(judge) : judge(seen)
  }

  #tellStripped(request: AccessRequest): void {
    const { identityNames, watch } = this.#parts
    const { claimed } = request.head
    if (identityNames === null) return
    for (let i = 0; i < claimed.length; i += 2) {
      const name = claimed[i] ?? ''
      if (identityNames.has(name)) return watch.stripped(request, name)
    }
  }

  /** The verdict on all readings of the path; null when they differ. */
  #verdictOf({ readings, head }: AccessRequest): Verdict | null {
    const [first = [], ...others] = readings
    const verdict = this.#rules(first, head.method)
    return others.every((reading) => this.#rules(reading, head.method) === verdict) ? verdict : null
  }

  #accessOf({ worker }: AccessRequest): Requirement {
    return (worker === null ? undefined : this.#parts.auth.access[worker.name]) ?? noRequirement
  }

  /** Asks the modes one after the other; the first that finds its credential decides. */
  #look(request: AccessRequest, from: number): Credential | Promise<Credential> {
    const { authenticators, watch } = this.#parts
    for (let index = from; index < authenticators.length; index++) {
      const authenticator = authenticators[index]
      if (authenticator === undefined) break
      const seen = authenticator.authenticate(request)
      if (seen instanceof Promise)
        return seen.then((credential) => {
          if (credential.kind === 'none') return this.#look(request, index + 1)
          watch.authenticated(request, authenticator.mode, credential)
          return credential
        })
      if (seen.kind === 'none') continue
      watch.authenticated(request, authenticator.mode, seen)
      return seen
    }
    return none
  }

  /** An open address: whoever is known is named, and nobody is turned away. */
  #letPass(request: AccessRequest, credential: Credential): Decision {
    const known = credential.kind === 'identity' && !this.#isForged(request, credential.identity)
    const identity = known ? credential.identity : null
    const lines = known ? (credential.answerLines ?? '') : ''
    return { kind: 'allow', identity, passage: this.#parts.passages.of(request, identity, lines) }
  }

  #judge(request: AccessRequest, credential: Credential, verdict: Verdict, access: Requirement): Decision {
    switch (credential.kind) {
      case 'none':
        this.#parts.watch.authenticated(request, 'none', credential)
        return this.#parts.unauthenticated(request, verdict.onUnauthenticated, '')
      case 'unavailable':
        return deny(credential.failure)
      case 'rejected': {
        const { answerLines = '', challenge, expired = false } = credential
        if (expired) return this.#parts.unauthenticated(request, verdict.onUnauthenticated, answerLines)
        const said = challenge === undefined ? '' : `WWW-Authenticate: ${challenge}\r\n`
        return deny({ ...credential.failure, lines: said + answerLines })
      }
      case 'identity':
        return this.#admit(request, credential, verdict, access)
    }
  }

  #admit(
    request: AccessRequest,
    { identity, answerLines = '' }: Extract<Credential, { kind: 'identity' }>,
    verdict: Verdict,
    access: Requirement,
  ): Decision {
    if (this.#isForged(request, identity))
      return this.#deny(request, identity, verdict, failure(forgedCode(request)))
    const unmet = unmetBy(identity, verdict.requires) ?? unmetBy(identity, access)
    if (unmet !== null) {
      const scoped = unmet.condition === 'scopes' || unmet.condition === 'anyScope'
      const reason = scoped ? scopeFailure(unmet.wanted) : failure('forbidden')
      return this.#deny(request, identity, verdict, { ...reason, cause: `not met: ${unmet.condition}` })
    }
    return { kind: 'allow', identity, passage: this.#parts.passages.of(request, identity, answerLines) }
  }

  #deny(request: AccessRequest, identity: Identity | null, { where }: Verdict, reason: Failure): Decision {
    this.#parts.watch.denied(request, identity, where, reason)
    return deny(reason)
  }

  #isForged(request: AccessRequest, identity: Identity): boolean {
    if (request.internal) return false
    const { auth, isOwnOrigin } = this.#parts
    return (
      isForged(request, identity, isOwnOrigin) ||
      (auth.apiSameOriginGet && isForeignRead(request, identity, isOwnOrigin))
    )
  }
}

const none: Credential = { kind: 'none' }

function forgedCode({ exchange }: AccessRequest): 'bad_origin' | 'cross_site' {
  return exchange.kind === 'websocket' ? 'bad_origin' : 'cross_site'
}

/** RFC 6750 3.1. */
function scopeFailure(wanted: readonly string[]): Failure {
  const challenge = `Bearer error="insufficient_scope", scope="${wanted.join(' ')}"`
  return { ...failure('insufficient_scope'), lines: `WWW-Authenticate: ${challenge}\r\n` }
}
