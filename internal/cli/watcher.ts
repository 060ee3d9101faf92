/** The second role of the executable: ending the workers of a killed gateway where there is no shell to do it. */

import { watchGroups } from '../host/watch-groups.ts'

/** Follows the process groups told on standard input until it ends. */
export function watch(): Promise<void> {
  return watchGroups(process.stdin)
}
