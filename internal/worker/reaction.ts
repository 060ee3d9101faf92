import { connect } from 'node:net'

import type { Address } from '../config/config.ts'

/** No HTTP, whatever the version: a server answers 400, or closes. */
const nonsense = '?\r\n\r\n'

/**
 * Whether a server reacts to nonsense. It does so in its event loop, without asking the application: one whose threads
 * are all busy reacts, one whose event loop is blocked does not. Never rejects.
 *
 * @param timeoutMs after which it counts as blocked
 */
export async function reacts(address: Address, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
  const socket = connect(place, () => socket.write(nonsense))
  const timer = setTimeout(resolve, timeoutMs, false)
  for (const event of ['data', 'end', 'error'] as const) socket.once(event, () => resolve(true))
  const result = await promise
  clearTimeout(timer)
  socket.on('error', () => {})
  socket.destroy()
  return result
}
