/**
 * The end of a connection whose client is still sending. Closing at once would reset it, and many clients then
 * never see the answer (RFC 9112 9.6): what they send is read and thrown away for a while.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How long that takes at most, in milliseconds. */
const lingerMs = 5_000

/** Ends an answer that came before the request was read to its end. */
export function lingerThenEnd(request: IncomingMessage, response: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, lingerMs)
  // Still piped to a worker that has stopped reading, it would stop too.
  request.unpipe()
  request.once('end', end).once('close', end).resume()
}

/** Closes a socket whose last answer has been written; a client that never closes its side does not keep it. */
export function lingerThenDestroy(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer)).resume()
}
