/** How many WebSockets there may be (`limits.websockets`). */

import { failure, type Failure } from '../fault/failure.ts'
import type { RequestDeps } from './deps.ts'

/** Why no further WebSocket may be opened, or null. Those that shake hands count: workers may agree to all of them. */
export function refuseSocket({ config, backends }: Pick<RequestDeps, 'config' | 'backends'>): Failure | null {
  const { websockets } = config.limits
  if (websockets === 0) return null
  const open = backends.reduce((sum, backend) => sum + backend.tunnels + backend.handshakes, 0)
  return open < websockets ? null : { ...failure('too_many_sockets'), retryAfterS: 2 }
}
