/** `[auth]` to what the rooms get. */

import type { AuthConfig } from './auth-types.ts'
import type { WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'

/** Resolves the table; null = nobody is asked who they are. */
export function resolveAuth(context: ResolveContext, workers: readonly WorkerConfig[]): AuthConfig | null {
  void context
  void workers
  return null
}
