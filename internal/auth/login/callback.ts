/** `/oauth2/callback`: the browser comes back from the provider. */

import { cookieValues } from '../../exchange/cookies.ts'
import type { Failure } from '../../fault/failure.ts'
import type { AccessRequest } from '../credential.ts'
import type { GatewayAnswer } from '../endpoints.ts'
import { refusedAtGate, type GateRefusal } from '../oidc/claims.ts'
import { providerError, type ProviderError } from '../oidc/provider-error.ts'
import { RateLimiter } from '../rate.ts'
import type { SessionData } from '../session/data.ts'
import { shownId } from '../session/roster.ts'
import { StoreUnavailable } from '../session/store.ts'
import { page, seeOther, type PageText } from './answers.ts'
import { openAttempt, slotOf, type LoginAttempt } from './attempt.ts'
import { clearLine, sessionCookieLine } from './cookie-jar.ts'
import { sessionOf, single, storeFailure, type LoginParts } from './parts.ts'
import { providerDown } from './start.ts'

/** So many logins of one person from one place are believed to be meant. */
const loopRate = { burst: 5, intervalMs: 12_000 }

/** Finishes logins. */
export class Callback {
  readonly #parts: LoginParts
  readonly #logins = new RateLimiter(loopRate, () => performance.now())

  constructor(parts: LoginParts) {
    this.#parts = parts
  }

  /** Nothing is asked of the provider before the browser has shown that it began this login. */
  async answer(request: AccessRequest): Promise<GatewayAnswer | Failure> {
    const attempt = this.#attempt(request)
    if (attempt === null) return this.#withoutAttempt(request, 'login_expired')
    const lines = clearLine(this.#parts.jar, this.#parts.jar.login + slotOf(attempt.state))
    try {
      const data = await this.#parts.provider.redeem(attempt, request.query)
      const refusal = refusedAtGate(data, this.#parts.config.oidc)
      if (refusal !== null) return this.#refused(request, data, refusal, lines)
      return await this.#signedIn(request, data, attempt, lines)
    } catch (error) {
      if (error instanceof StoreUnavailable) return storeFailure(error)
      return this.#failed(request, providerError(error), lines)
    }
  }

  #attempt({ head, query }: AccessRequest): LoginAttempt | null {
    const { config, jar, ring, now } = this.#parts
    const state = single(query, 'state')
    if (state === null || !/^[A-Za-z0-9_-]{43}$/.test(state) || head.cookie === null) return null
    const name = jar.login + slotOf(state)
    for (const value of cookieValues(head.cookie, name)) {
      const attempt = openAttempt(ring, name, value)
      if (attempt === null || attempt.state !== state) continue
      const age = now() - attempt.startedAt
      // A clock that was set back makes attempts of the future.
      if (age < config.session.loginTimeoutMs && age > -config.session.loginTimeoutMs) return attempt
    }
    return null
  }

  /** The back button, a second tab, somebody else's link: whoever is signed in already is sent home. */
  async #withoutAttempt(
    request: AccessRequest,
    why: 'login_expired' | 'login_failed',
  ): Promise<GatewayAnswer | Failure> {
    const { paths, tell } = this.#parts
    try {
      if ((await sessionOf(this.#parts, request.head.cookie)) !== null) return seeOther(paths.home)
    } catch (error) {
      return storeFailure(error)
    }
    tell({ event: 'login.denied', reason: why }, request)
    return this.#page(403, request, {
      title: 'Sign-in not finished',
      text: 'This sign-in was not begun in this browser, took too long, or was finished already. If it happens again, check that the browser keeps cookies of this site and that its address begins with https.',
      facts: { Code: why },
      actions: [{ label: 'Sign in again', to: paths.start }],
    })
  }

  async #signedIn(
    request: AccessRequest,
    data: SessionData,
    attempt: LoginAttempt,
    lines: string,
  ): Promise<GatewayAnswer | Failure> {
    const { config, jar, sessions, tell } = this.#parts
    await this.#endBefore(request)
    const { session, cookie } = await sessions.begin(data)
    tell({ event: 'login.ok', sub: data.subject, session: shownId(session.key) }, request)
    const maxAge = Math.floor(config.session.absoluteMs / 1000)
    const cookies = lines + sessionCookieLine(jar, cookie, maxAge)
    if (this.#logins.take(`${request.exchange.client} ${data.subject}`) > 0)
      return this.#page(200, request, looping(attempt.returnTo), cookies)
    // A strict cookie does not go along with a redirect that began at the provider.
    if (jar.sameSite === 'strict') return page(200, { ...goingOn, continueTo: attempt.returnTo }, cookies)
    return seeOther(attempt.returnTo, cookies)
  }

  /** A login replaces the session the browser had: its id is never used again, nor its refresh token. */
  async #endBefore(request: AccessRequest): Promise<void> {
    const before = await sessionOf(this.#parts, request.head.cookie)
    if (before === null) return
    await this.#parts.sessions.end(before.key, 'replaced')
    void this.#parts.provider.revoke(before.data.refreshToken)
  }

  #refused(request: AccessRequest, data: SessionData, refusal: GateRefusal, lines: string): GatewayAnswer {
    const { paths, provider, tell } = this.#parts
    void provider.revoke(data.refreshToken)
    tell({ event: 'login.denied', reason: refusal, sub: data.subject }, request)
    const text = 'You are known to the identity provider, but your account may not use this site.'
    const actions = [{ label: 'Use another account', to: `${paths.start}?switch=1` }]
    return this.#page(403, request, { title: 'Not allowed', text, facts: { Code: refusal }, actions }, lines)
  }

  #failed(
    request: AccessRequest,
    error: ProviderError,
    lines: string,
  ): Promise<GatewayAnswer | Failure> | GatewayAnswer | Failure {
    const { paths, tell } = this.#parts
    if (error.kind === 'unavailable') return providerDown(error)
    // A code that was redeemed already: the page was loaded again.
    if (error.kind === 'invalid_grant') return this.#withoutAttempt(request, 'login_failed')
    tell({ event: 'login.denied', reason: error.reason }, request)
    const refused = error.kind === 'refused'
    const text = refused
      ? 'The identity provider did not sign you in.'
      : 'The answer of the identity provider cannot be accepted.'
    const said: Record<string, string> = error.description === '' ? {} : { 'It says': error.description }
    return this.#page(
      refused && error.reason !== 'access_denied' ? 400 : 403,
      request,
      {
        title: 'Sign-in failed',
        text,
        facts: { Code: error.reason, ...said },
        actions: [{ label: 'Sign in again', to: paths.start }],
      },
      lines,
    )
  }

  #page(status: number, { exchange }: AccessRequest, text: PageText, lines = ''): GatewayAnswer {
    return page(status, { ...text, facts: { ...text.facts, Request: exchange.id } }, lines)
  }
}

const goingOn: PageText = { title: 'Signed in', text: 'Going on.' }

/** Signing in again and again in a minute means that it is forgotten each time. */
function looping(returnTo: string): PageText {
  return {
    title: 'Signed in, again',
    text: 'You have been signed in several times within a minute, so something forgets it. Check that the browser keeps cookies of this site, that you use the https address, and that the clocks of server and browser are right.',
    actions: [{ label: 'Go on', to: returnTo }],
  }
}
