/** Everything that must hold for the bytes of one client. */

import type { HeadLimits } from '../../internal/http1/head.ts'
import { readWithEngine, wideLimits } from './engine-requests.ts'
import { instability, laxity } from './judge.ts'
import type { Llhttp } from './llhttp.ts'
import { Random } from './random.ts'
import { cut, finely, type Reading } from './reading.ts'

/** What a check found. */
export interface Verdict {
  /** What is wrong, or null. */
  readonly wrong: string | null
  readonly ours: Reading
}

/**
 * Reads the bytes one by one and compares with llhttp; then in one piece, in random pieces, and with a handler that
 * takes its time, and compares with the first reading.
 * @param salt decides about the random parts
 */
export function checkRequests(llhttp: Llhttp, bytes: string, salt: number): Verdict {
  const random = new Random(salt)
  const limits = random.chance(85) ? wideLimits : narrowLimits(random)
  const compare = (text: string): Verdict => {
    const pieces = finely(text)
    const ours = readWithEngine(pieces, limits, null)
    return { ours, wrong: laxity(text, ours, llhttp.read(pieces, { kind: 'request' })) }
  }
  const { ours, wrong } = compare(bytes)
  const other = (pieces: readonly string[], slow: Random | null): string | null =>
    instability(ours, readWithEngine(pieces, limits, slow))
  return {
    ours,
    wrong:
      // What we wait for the rest of may be refused later: trailers are looked at when all of them are there.
      (wrong === null ? null : compare(`${bytes}\r\n\r\n`).wrong) ??
      other([bytes], null) ??
      other(cut(bytes, random), null) ??
      other(cut(bytes, random), random),
  }
}

/** Limits that are met often, so that their edges are. */
function narrowLimits(random: Random): HeadLimits {
  return {
    headerBytes: 20 + random.below(200),
    headerCount: 1 + random.below(5),
    targetBytes: 1 + random.below(20),
  }
}
