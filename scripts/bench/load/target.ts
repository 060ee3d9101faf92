/** Where a generator sends its load. */

import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'

/** A port of this machine, with TLS or without. */
export interface Target {
  readonly port: number
  readonly isSecure: boolean
}

/** The Host every request names. */
export const host = 'localhost'

/** Opens a connection; the certificate is our own and not checked. `ready` fires when bytes can be sent. */
export function open({ port, isSecure }: Target): { readonly socket: Socket; readonly ready: string } {
  if (!isSecure) return { socket: connectPlain({ port, host: '127.0.0.1', noDelay: true }), ready: 'connect' }
  const options = { port, host: '127.0.0.1', servername: host, rejectUnauthorized: false }
  const socket = connectSecure(options)
  socket.setNoDelay(true)
  return { socket, ready: 'secureConnect' }
}
