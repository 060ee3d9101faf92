/** The worker's side of a WebSocket handshake: it must have meant this one (RFC 6455 4.1, points 2 to 6). */

import { createHash } from 'node:crypto'
import type { WebSocketOffer } from '../exchange/head.ts'
import type { AnswerHead } from '../http1/head.ts'

/** Why a 101 is no agreement to the offer, or null when it is. */
export function disagreement(offer: WebSocketOffer, answer: AnswerHead): string | null {
  if (
    valuesOf(answer, 'upgrade').join().toLowerCase() !== 'websocket' ||
    !answer.connection.includes('upgrade')
  )
    return 'The application switched to another protocol.'
  if (valuesOf(answer, 'sec-websocket-accept').join() !== acceptFor(offer.key))
    return 'The application answered another handshake.'
  const protocols = valuesOf(answer, 'sec-websocket-protocol')
  if (protocols.length > 0 && !(protocols.length === 1 && offer.protocols.includes(protocols[0] ?? '')))
    return 'The application chose a subprotocol that was not offered.'
  return null
}

function valuesOf({ fields }: AnswerHead, name: string): readonly string[] {
  const values: string[] = []
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === name) values.push(fields[i + 1] ?? '')
  return values
}

/** `Sec-WebSocket-Accept` for a key (RFC 6455 4.2.2, point 5.4). */
function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
