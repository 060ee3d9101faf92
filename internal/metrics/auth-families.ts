/** The metrics of signing in. */

import type { AuthCounts } from './auth-counts.ts'
import { addCounter, addGauge, type AnyRegistry, type Reading } from './families.ts'

/** Adds them to a registry. */
export function addAuthFamilies(registry: AnyRegistry, auth: AuthCounts): void {
  addCounter(registry, {
    name: 'auth_requests_total',
    help: 'Requests that were asked who sends them, by the mode that found a credential (or none).',
    labels: ['mode', 'result'],
    read: () => [...auth.requests.entries()].map(([mode, result, count]): Reading => [count, mode, result]),
  })
  addCounter(registry, {
    name: 'auth_login_total',
    help: 'Logins at the provider that came to an end.',
    labels: ['result'],
    read: () => byLabel(auth.logins),
  })
  addCounter(registry, {
    name: 'auth_refresh_total',
    help: 'Attempts to renew the tokens of a session.',
    labels: ['result'],
    read: () => byLabel(auth.refreshes),
  })
  addCounter(registry, {
    name: 'auth_jwks_fetch_total',
    help: 'Fetches of the keys of an issuer.',
    labels: ['result'],
    read: () => byLabel(auth.keyFetches),
  })
  addCounter(registry, {
    name: 'auth_ws_closed_total',
    help: 'WebSockets that were ended because whoever opened them may not have them any more.',
    labels: ['reason'],
    read: () => byLabel(auth.socketsClosed),
  })
  addCounter(registry, {
    name: 'auth_store_errors_total',
    help: 'Times the store of sessions could not be reached.',
    labels: [],
    read: () => [[auth.storeErrors]],
  })
  addGauge(registry, {
    name: 'auth_sessions',
    help: 'Sessions this gateway keeps.',
    labels: [],
    read: () => {
      const count = auth.sessions()
      return count === null ? [] : [[count]]
    },
  })
}

function byLabel(counts: ReadonlyMap<string, number>): readonly Reading[] {
  return [...counts].map(([label, count]): Reading => [count, label])
}
