/**
 * New tokens for sessions that are used. A provider that rotates refresh tokens takes one that is used twice for stolen
 * and ends the whole login, so one flight per session is the rule: in this process by a map, between gateways by a turn
 * of the store. The turn is kept for much longer once the call has left: whoever has it then may have the only token
 * that is still good, and a gateway that was stopped in the middle finds everything as it left it.
 */

import type { ProviderError } from '../oidc/provider-error.ts'
import { providerError } from '../oidc/provider-error.ts'
import type { SessionData } from './data.ts'
import type { LiveSession, Sessions } from './sessions.ts'
import { StoreUnavailable, type Turn } from './store.ts'

/** What a provider does for it. */
export interface Renewing {
  refresh(before: SessionData): Promise<SessionData>
  revoke(refreshToken: string | null): Promise<void>
}

/** What came of wanting tokens that are good. */
export type Freshness =
  /** The access token is good. */
  | 'fresh'
  /** It is over, and there is no new one at the moment. */
  | 'stale'
  /** It is over, and there will be none: nobody gave a refresh token. */
  | 'spent'
  /** The provider ended the login, and the session with it. */
  | 'ended'

/** How a renewal ended, for log and metrics. */
export type RefreshOutcome = 'ok' | 'shared' | 'unavailable' | 'refused' | 'ended'

/** What {@link Refresher} is made with. */
export interface RefresherOptions {
  readonly sessions: Sessions
  readonly provider: Renewing
  readonly marginMs: number
  /** Whether the person may still sign in, by what the provider says now. */
  readonly mayStay: (data: SessionData) => boolean
  readonly onOutcome: (outcome: RefreshOutcome, session: LiveSession, reason: string) => void
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

/** How long a turn lasts before the call has left, and after. */
const preparingMs = 15_000
const sentMs = 60_000

/** How long whoever needs a new token waits for one that somebody else is getting. */
const patienceMs = 10_000
const lookAgainMs = 200

const longestPauseMs = 60_000

/** After so many refusals of another kind than "no longer valid" the session ends. */
const mostRefusals = 3

interface Trouble {
  readonly failures: number
  readonly refusals: number
  /** Monotonic time before which the provider is not asked again. */
  readonly until: number
}

/** Renews the tokens of sessions. */
export class Refresher {
  readonly #options: RefresherOptions
  readonly #now: () => number
  readonly #flights = new Map<string, Promise<Freshness>>()
  readonly #trouble = new WeakMap<LiveSession, Trouble>()

  constructor(options: RefresherOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Whether the access token may be used, without asking anybody; starts a renewal in time. */
  look(session: LiveSession): Freshness | 'waiting' {
    const { accessExpiresAt, refreshToken } = session.data
    if (accessExpiresAt === null) return 'fresh'
    const left = accessExpiresAt - this.#now()
    if (this.#isFresh(session)) return 'fresh'
    if (refreshToken === null) return left > 0 ? 'fresh' : 'spent'
    if (this.#mayAsk(session)) void this.#fly(session).catch(() => undefined)
    if (left > 0) return 'fresh'
    return this.#flights.has(session.key) ? 'waiting' : 'stale'
  }

  /** As {@link look}, waiting for a renewal that is needed. @throws StoreUnavailable */
  async ensure(session: LiveSession): Promise<Freshness> {
    const seen = this.look(session)
    if (seen !== 'waiting') return seen
    const flight = this.#flights.get(session.key)
    if (flight === undefined) return 'stale'
    const late = Promise.withResolvers<Freshness>()
    const timer = setTimeout(() => late.resolve('stale'), patienceMs)
    return Promise.race([flight, late.promise]).finally(() => clearTimeout(timer))
  }

  #mayAsk(session: LiveSession): boolean {
    const trouble = this.#trouble.get(session)
    return trouble === undefined || performance.now() >= trouble.until
  }

  #fly(session: LiveSession): Promise<Freshness> {
    const known = this.#flights.get(session.key)
    if (known !== undefined) return known
    const flight = this.#renew(session).finally(() => this.#flights.delete(session.key))
    this.#flights.set(session.key, flight)
    return flight
  }

  async #renew(session: LiveSession): Promise<Freshness> {
    const { store } = this.#options.sessions
    const turn = await store.takeTurn(session.key, preparingMs)
    if (turn === null) return this.#waitForOther(session)
    try {
      // Whoever had the turn before may have done it.
      if ((await this.#options.sessions.check(session)) === null) return 'ended'
      if (this.#isFresh(session)) return this.#told('shared', session, 'fresh')
      if (!(await store.keepTurn(session.key, turn, sentMs))) return await this.#waitForOther(session)
      return await this.#ask(session, turn)
    } finally {
      await store.endTurn(session.key, turn).catch(() => undefined)
    }
  }

  async #ask(session: LiveSession, turn: Turn): Promise<Freshness> {
    const { provider, mayStay, sessions } = this.#options
    let data: SessionData
    try {
      data = await provider.refresh(session.data)
    } catch (error) {
      return this.#failed(session, providerError(error))
    }
    if (!mayStay(data)) {
      void provider.revoke(data.refreshToken)
      return this.#end(session, 'gate')
    }
    this.#trouble.delete(session)
    if (await this.#save(session, turn, data)) return this.#told('ok', session, 'fresh')
    // It was ended meanwhile: nobody must be able to use what came too late.
    if ((await sessions.check(session).catch(() => null)) === null) {
      void provider.revoke(data.refreshToken)
      return 'ended'
    }
    return this.#isFresh(session) ? 'fresh' : 'stale'
  }

  /** The old refresh token may be spent: a store that does not answer is asked for as long as the turn lasts. */
  async #save(session: LiveSession, turn: Turn, data: SessionData): Promise<boolean> {
    const giveUpAt = performance.now() + sentMs
    for (;;) {
      try {
        return await this.#options.sessions.save(session, turn.fence, data)
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || performance.now() > giveUpAt) throw error
        // Here at least it is known.
        session.data = data
        await pause(lookAgainMs)
      }
    }
  }

  async #waitForOther(session: LiveSession): Promise<Freshness> {
    const giveUpAt = performance.now() + patienceMs
    while (performance.now() < giveUpAt) {
      await pause(lookAgainMs)
      if ((await this.#options.sessions.check(session)) === null) return 'ended'
      if (this.#isFresh(session)) return this.#told('shared', session, 'fresh')
    }
    return 'stale'
  }

  #failed(session: LiveSession, error: ProviderError): Promise<Freshness> | Freshness {
    if (error.kind === 'invalid_grant') return this.#end(session, error.reason)
    const before = this.#trouble.get(session) ?? { failures: 0, refusals: 0, until: 0 }
    const refusals = error.kind === 'unavailable' ? before.refusals : before.refusals + 1
    if (refusals >= mostRefusals) return this.#end(session, error.reason)
    const failures = before.failures + 1
    const until = performance.now() + Math.min(500 * 2 ** failures, longestPauseMs)
    this.#trouble.set(session, { failures, refusals, until })
    const outcome = error.kind === 'unavailable' ? 'unavailable' : 'refused'
    this.#options.onOutcome(outcome, session, error.reason)
    return 'stale'
  }

  async #end(session: LiveSession, reason: string): Promise<Freshness> {
    this.#options.onOutcome('ended', session, reason)
    await this.#options.sessions.end(session.key, 'revoked')
    return 'ended'
  }

  #isFresh({ data: { accessIssuedAt, accessExpiresAt } }: LiveSession): boolean {
    if (accessExpiresAt === null) return true
    // Of a token that lives for a minute the last quarter.
    const margin = Math.min(this.#options.marginMs, (accessExpiresAt - accessIssuedAt) / 4)
    return accessExpiresAt - this.#now() > margin
  }

  #told(outcome: RefreshOutcome, session: LiveSession, freshness: Freshness): Freshness {
    this.#options.onOutcome(outcome, session, '')
    return freshness
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
