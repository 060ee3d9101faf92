/** What is counted and audited of requests being asked who sends them. */

import type { AuthWatch } from '../auth/authorize.ts'
import type { AccessRequest } from '../auth/credential.ts'
import { StoreUnavailable } from '../auth/session/store.ts'
import type { Audit } from '../log/audit.ts'
import type { AuthCounts } from '../metrics/auth-counts.ts'

/** Tells metrics and the audit stream. */
export function createAuthWatch(
  counts: AuthCounts,
  audit: Audit,
): AuthWatch & { readonly untrusted: (request: AccessRequest) => void } {
  return {
    authenticated(request, mode, credential) {
      counts.requests.add(mode, credential.kind === 'identity' ? 'ok' : credential.kind)
      if (credential.kind === 'unavailable' && credential.failure.cause instanceof StoreUnavailable)
        counts.storeErrors += 1
      if (mode !== 'jwt' || credential.kind !== 'rejected') return
      const { code, cause } = credential.failure
      // Whoever has to wait was told of already.
      if (code !== 'too_many_requests')
        audit({ event: 'jwt.reject', reason: typeof cause === 'string' ? cause : code, ...about(request) })
    },
    denied(request, identity, rule) {
      audit({
        event: 'authz.deny',
        rule,
        ...about(request),
        ...(identity === null ? {} : { sub: identity.subject }),
        ...(identity?.via === 'handle' ? { via: 'streamlit' } : {}),
      })
    },
    stripped(request, name) {
      audit({ event: 'header.stripped', name, ...about(request) })
    },
    untrusted(request) {
      audit({ event: 'proxy.untrusted', ...about(request) })
    },
  }
}

function about({ exchange }: AccessRequest): { readonly request_id: string; readonly client: string } {
  return { request_id: exchange.id, client: exchange.client }
}
