/** What is wrong with our engine's reading of some bytes, seen from another reading of the same bytes. */

import { exceptions } from './known.ts'
import type { Message, Reading } from './reading.ts'

/**
 * Compares with llhttp: whatever we took as a message it must have taken too, the same one, ending in the same
 * place, and where it sees the last message of a connection so must we. What we refuse it may take.
 * Behind a difference that is known nothing is compared.
 * @param method of the request, when the messages are answers
 * @returns what is wrong, or null
 */
export function laxity(bytes: string, ours: Reading, theirs: Reading, method = ''): string | null {
  if (ours.reason === 'it stopped reading') return ours.reason
  for (const [index, mine] of ours.messages.entries()) {
    const other = theirs.messages[index]
    const wrong = messageLaxity(mine, other, ours, theirs)
    if (wrong === null && other?.leaves !== true) continue
    const place = { bytes, method, theirs, mine, before: theirs.messages[index - 1] }
    if (wrong === null || exceptions.some((exception) => exception.applies(place))) return null
    return `message ${index + 1} ${wrong}`
  }
  const more = theirs.messages[ours.messages.length]
  if (more !== undefined && ours.ending === 'open')
    return `llhttp has one message more, ${shown(more.target)}`
  return null
}

function messageLaxity(
  mine: Message,
  other: Message | undefined,
  ours: Reading,
  theirs: Reading,
): string | null {
  if (other === undefined) return `is one to us only; llhttp: ${theirs.ending} ${theirs.reason}`
  const difference = headDifference(mine, other)
  if (difference !== null) return `differs: ${difference}`
  if (other.leaves) return null
  if (mine.completeIn === -1) return ours.ending === 'open' ? openLaxity(mine, other, theirs) : null
  if (other.completeIn !== mine.completeIn)
    return `ends in piece ${mine.completeIn} to us, in ${other.completeIn} to llhttp`
  if (mine.body !== other.body) return `has the body ${shown(mine.body)}, to llhttp ${shown(other.body)}`
  return mine.keeps && !other.keeps ? 'is the last one to llhttp only' : null
}

/** Of a message whose body we wait for. */
function openLaxity(mine: Message, other: Message, theirs: Reading): string | null {
  if (other.completeIn !== -1) return 'is complete to llhttp only'
  if (theirs.ending === 'refused') return `is refused by llhttp only: ${theirs.reason}`
  return mine.body === other.body ? null : `has the body ${shown(mine.body)}, to llhttp ${shown(other.body)}`
}

/**
 * Compares two readings of our own, of the same bytes in other pieces.
 * @returns what is different, or null
 */
export function instability(one: Reading, other: Reading): string | null {
  if (one.ending !== other.ending) {
    return `${one.ending} (${one.reason}) in one segmentation, ${other.ending} (${other.reason}) in another`
  }
  if (one.messages.length !== other.messages.length) {
    return `${one.messages.length} messages in one segmentation, ${other.messages.length} in another`
  }
  for (const [index, mine] of one.messages.entries()) {
    const twin = other.messages[index]
    if (twin === undefined) continue
    const difference = headDifference(mine, twin) ?? bodyDifference(mine, twin, one.ending === 'refused')
    if (difference !== null) return `message ${index + 1} depends on the segmentation: ${difference}`
  }
  return null
}

function bodyDifference(mine: Message, other: Message, refused: boolean): string | null {
  if (refused && mine.completeIn === -1) return null
  if (mine.body !== other.body) return `body ${shown(mine.body)} or ${shown(other.body)}`
  return mine.keeps === other.keeps ? null : 'whether it is the last one'
}

function headDifference(mine: Message, other: Message): string | null {
  for (const part of ['method', 'target', 'status', 'minor'] as const) {
    if (mine[part] !== other[part]) return `${part} ${shown(mine[part])} and ${shown(other[part])}`
  }
  if (JSON.stringify(mine.fields) === JSON.stringify(other.fields)) return null
  return `fields ${shown(mine.fields)} and ${shown(other.fields)}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}...` : text
}
