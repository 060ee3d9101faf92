/** What a reader of HTTP/1.1 makes of some bytes, in words that fit our engine and llhttp alike. */

/** One message. Text is latin1: one character is one byte. */
export interface Message {
  /** Of a request; empty for an answer. */
  readonly method: string
  readonly target: string
  /** Of an answer; 0 for a request. */
  readonly status: number
  readonly minor: number
  /** Flat name, value list. */
  readonly fields: readonly string[]
  /** Content so far, without framing. */
  body: string
  /** Number of the piece in which it was complete; -1 = not yet. */
  completeIn: number
  /** Whether another message may follow it on the connection. */
  keeps: boolean
  /** What follows its head is not HTTP. */
  readonly leaves: boolean
}

/**
 * Everything that came of the bytes. `open` = more may come, `refused` = they are not HTTP, `closed` = whatever
 * follows is not looked at.
 */
export interface Reading {
  readonly messages: readonly Message[]
  readonly ending: 'open' | 'refused' | 'closed'
  /** Why they were refused; for people. */
  readonly reason: string
}

/** Cuts bytes at random places, now and then at every byte. */
export function cut(
  bytes: string,
  random: { below(limit: number): number; chance(percent: number): boolean },
): readonly string[] {
  const most = random.chance(20) ? 2 : random.chance(50) ? 12 : 80
  const pieces: string[] = []
  for (let at = 0; at < bytes.length;) {
    const next = at + 1 + random.below(most)
    pieces.push(bytes.slice(at, next))
    at = next
  }
  return pieces
}

/** Every byte on its own; long texts in at most 4 096 equal pieces. */
export function finely(bytes: string): readonly string[] {
  const size = Math.ceil(bytes.length / 4_096)
  return Array.from({ length: Math.ceil(bytes.length / Math.max(1, size)) }, (_, index) =>
    bytes.slice(index * size, (index + 1) * size),
  )
}
