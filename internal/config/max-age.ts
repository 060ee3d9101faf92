/** How long browsers remember something: longer than any timer, so days are allowed, and the unit is the second. */

import { bad, ok, type Parsed } from './parsed.ts'

/** What it looks like; also the pattern in the JSON Schema. */
export const maxAgePattern = '^[0-9]+(s|m|h|d)$'

const unitS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** RFC 9111 1.2.2: what every cache can count to. */
const longestS = 2 ** 31 - 1

/** Reads a max-age. @returns whole seconds */
export function parseMaxAge(text: string): Parsed<number> {
  const match = /^([0-9]+)(s|m|h|d)$/.exec(text)
  if (match === null) return bad(/^[0-9]+$/.test(text) ? `add a unit: "${text}s"` : 'units are s, m, h and d')
  const seconds = Number(match[1]) * (unitS[match[2] ?? ''] ?? 1)
  return seconds > longestS ? bad('write at most "24855d"') : ok(seconds)
}
