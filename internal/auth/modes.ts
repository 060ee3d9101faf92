/** The modes of a configuration but login at a provider, which brings its own. */

import type { AuthConfig, ProxyAssertion } from '../config/auth-types.ts'
import type { Config } from '../config/config.ts'
import { AlbVerifier } from './alb.ts'
import { BasicAuthenticator } from './basic.ts'
import type { AccessRequest, Authenticator } from './credential.ts'
import type { DeskRoom, Login } from './desk.ts'
import { DevAuthenticator } from './dev.ts'
import { FailedAttempts } from './failed-attempts.ts'
import { JwtAuthenticator } from './jwt/authenticator.ts'
import { TokenVerifier, type VerifierRoom } from './jwt/verifier.ts'
import { ProxyAuthenticator, type AssertionVerifier } from './proxy.ts'

/** What modes are made from. */
export interface ModeParts {
  readonly config: Pick<Config, 'name'>
  readonly auth: Pick<AuthConfig, 'modes' | 'jwt' | 'basic' | 'proxy' | 'dev'>
  readonly room: DeskRoom
  /** Null = mode `oidc` is off. */
  readonly login: Pick<Login, 'rates'> | null
}

/** Modes that are on. */
export interface Modes {
  readonly authenticators: readonly Authenticator[]
  /** `WWW-Authenticate` for whoever shows nothing. */
  readonly challenges: readonly string[]
  close(): void
}

/** Opens them. */
export function openModes({ config: { name }, auth, room, login }: ModeParts): Modes {
  const authenticators: Authenticator[] = []
  const challenges: string[] = []
  const closing: { close(): void }[] = []
  const failed = new FailedAttempts(room.attemptClock ?? monotonic, login?.rates ?? null)
  if (auth.jwt !== null) {
    const verifier = new TokenVerifier(auth.jwt, verifierRoom(room, 'jwt'))
    closing.push(verifier)
    authenticators.push(new JwtAuthenticator(verifier, name, failed))
    challenges.push(`Bearer realm="${name}"`)
  }
  if (auth.basic !== null) {
    authenticators.push(new BasicAuthenticator(auth.basic, name, failed, monotonic))
    // Where people log in at a provider a browser is not to ask for a password.
    if (!auth.modes.includes('oidc')) challenges.push(`Basic realm="${name}", charset="UTF-8"`)
  }
  if (auth.proxy !== null) {
    const verifier = auth.proxy.assertion === null ? null : openAssertion(auth.proxy.assertion, room)
    const proxy = new ProxyAuthenticator(auth.proxy, { verifier, untrusted: room.untrusted })
    closing.push(proxy)
    authenticators.push(proxy)
  }
  if (auth.dev !== null) authenticators.push(new DevAuthenticator(auth.dev))
  return {
    authenticators,
    challenges,
    close() {
      for (const each of closing) each.close()
    },
  }
}

/** Told of identity headers of somebody who is no proxy in front. */
export type Untrusted = (request: AccessRequest) => void

function openAssertion(assertion: ProxyAssertion, room: DeskRoom): AssertionVerifier {
  if (assertion.kind === 'jwt') return new TokenVerifier(assertion.jwt, verifierRoom(room, 'proxy'))
  return new AlbVerifier(assertion, { fetch: room.fetch, now: Date.now })
}

function verifierRoom({ fetch, logger, keysFetched }: DeskRoom, via: VerifierRoom['via']): VerifierRoom {
  return { fetch, logger, now: monotonic, wallNow: Date.now, fetched: keysFetched, via }
}

function monotonic(): number {
  return performance.now()
}
