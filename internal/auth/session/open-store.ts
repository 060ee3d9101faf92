/** The store a configuration asks for; only that one's code is loaded. */

import type { OutboundConfig, SessionStoreConfig } from '../../config/login-types.ts'
import { trustedCertificates } from '../outbound.ts'
import { MemoryStore } from './memory-store.ts'
import type { SessionStore } from './store.ts'

/** What a store needs besides its own settings. */
export interface StoreSurroundings {
  readonly outbound: OutboundConfig
  /** Told when Redis cannot be reached any more, and when it can again. */
  readonly onState: (state: 'up' | 'down', reason: string) => void
}

/** Sessions in memory; more than any one process serves. */
const mostSessions = 100_000

/** How long Redis may take for one answer, in milliseconds. */
const redisMs = 2_000

/** Opens it. @throws Error when the file cannot be used; a Redis that is not there is waited for */
export async function openStore(
  config: SessionStoreConfig,
  { outbound, onState }: StoreSurroundings,
): Promise<SessionStore> {
  switch (config.kind) {
    case 'memory':
      return new MemoryStore({ most: mostSessions })
    case 'sqlite': {
      const { SqliteStore } = await import('./sqlite-store.ts')
      return new SqliteStore({ path: config.path })
    }
    case 'redis': {
      const { RedisStore } = await import('./redis-store.ts')
      return new RedisStore({
        url: config.url.reveal(),
        prefix: config.prefix,
        ca: trustedCertificates(outbound),
        timeoutMs: redisMs,
        onState,
      })
    }
  }
}
