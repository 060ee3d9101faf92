/** Everything that must hold for the bytes of one worker. */

import type { AnswerReader } from './engine-answers.ts'
import type { AnswerBytes } from './generate.ts'
import { instability, laxity } from './judge.ts'
import type { Llhttp } from './llhttp.ts'
import { Random } from './random.ts'
import { cut, finely, type Reading } from './reading.ts'
import type { Verdict } from './request-check.ts'

/**
 * Reads the answer in one piece and compares with llhttp, also whether it ends where llhttp says; then in random
 * pieces, and compares with the first reading.
 * @param salt decides about the random parts
 */
export async function checkAnswer(
  llhttp: Llhttp,
  reader: AnswerReader,
  { method, bytes }: AnswerBytes,
  salt: number,
): Promise<Verdict> {
  const random = new Random(salt)
  const headerBytes = random.chance(85) ? undefined : 10 + random.below(150)
  const compare = async (text: string): Promise<Compared> => {
    const pieces = finely(text)
    const theirs = final(llhttp.read(pieces, { kind: 'answer', head: method === 'HEAD', ends: true }))
    const ours = await reader.read([text], method, headerBytes)
    const end = theirs.messages[0]?.completeIn ?? -1
    const upToEnd = end === -1 || end === pieces.length ? null : pieces.slice(0, end).join('')
    return { ours, wrong: laxity(text, ours, placeless(theirs), method), upToEnd }
  }
  const { ours, wrong, upToEnd } = await compare(bytes)
  const other = await reader.read(cut(bytes, random), method, headerBytes)
  return {
    ours,
    wrong:
      // What we wait for the rest of may be refused later: trailers are looked at when all of them are there.
      (wrong === null ? null : (await compare(`${bytes}\r\n\r\n`)).wrong) ??
      instability(withoutReuse(ours), withoutReuse(other)) ??
      (upToEnd === null ? null : await endsThere(reader, ours, method, upToEnd)),
  }
}

interface Compared extends Verdict {
  /** The bytes without the one that ends the answer to llhttp; null when only the connection's end does. */
  readonly upToEnd: string | null
}

/** Without its last byte a complete answer must not be complete. */
async function endsThere(
  reader: AnswerReader,
  ours: Reading,
  method: string,
  bytes: string,
): Promise<string | null> {
  if (ours.messages[0]?.completeIn !== 0) return null
  const shorter = await reader.read([bytes], method)
  return shorter.messages[0]?.completeIn === 0 ? 'the answer is complete one byte too early' : null
}

/** Without interim answers, which the engine swallows. */
function final(reading: Reading): Reading {
  const first = reading.messages.findIndex(({ status }) => status >= 200 || status === 101)
  return { ...reading, messages: first === -1 ? [] : reading.messages.slice(first) }
}

function placeless(reading: Reading): Reading {
  const messages = reading.messages.map((message) => ({
    ...message,
    completeIn: Math.min(0, message.completeIn),
  }))
  return { ...reading, messages }
}

/** Bytes behind an answer end its connection, or the idle one it was, depending on when they come. */
function withoutReuse(reading: Reading): Reading {
  return { ...reading, messages: reading.messages.map((message) => ({ ...message, keeps: false })) }
}
