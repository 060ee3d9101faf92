/** The ways in which the same bytes can arrive: a parser must not care where one read ends and the next begins. */

import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** How bytes are cut into writes. */
export type Delivery = 'one write' | 'byte by byte' | 'line by line'

/** All of them. */
export const deliveries: readonly Delivery[] = ['one write', 'byte by byte', 'line by line']

/** Longer messages are cut as asked only at both ends, where the syntax is, and coarsely in between. */
const wholeBytes = 16_384
const edgeBytes = 2_048
const coarseBytes = 1_024

/** Cuts latin1 text for a delivery. `line by line` cuts before and behind every CR and every LF. */
export function pieces(bytes: string, how: Delivery): readonly string[] {
  if (how === 'one write') return [bytes]
  if (bytes.length <= wholeBytes) return cut(bytes, how)
  const middle = bytes.slice(edgeBytes, -edgeBytes)
  const coarse = Array.from({ length: Math.ceil(middle.length / coarseBytes) }, (_, index) =>
    middle.slice(index * coarseBytes, (index + 1) * coarseBytes),
  )
  return [...cut(bytes.slice(0, edgeBytes), how), ...coarse, ...cut(bytes.slice(-edgeBytes), how)]
}

/**
 * Writes latin1 text in pieces, one per turn of the event loop, so that each leaves in a segment of its own; the
 * socket must not delay small ones. Stops when the other side has closed.
 */
export async function deliver(socket: Socket, bytes: string, how: Delivery): Promise<void> {
  for (const piece of pieces(bytes, how)) {
    if (socket.destroyed || socket.readableEnded) return
    socket.write(Buffer.from(piece, 'latin1'))
    await nextTurn()
  }
}

function cut(bytes: string, how: Exclude<Delivery, 'one write'>): readonly string[] {
  return how === 'byte by byte' ? bytes.split('') : bytes.split(/(?<=[\r\n])|(?=[\r\n])/)
}
