/** Rates: a number of requests in a second, a minute or an hour. */

import { bad, ok, type Parsed } from './parsed.ts'

/** So many in so much time. */
export interface Rate {
  readonly requests: number
  readonly periodMs: number
}

const periods: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** Reads `20/s`, `600/m` or `5000/h`; `''` = none. */
export function parseRate(text: string): Parsed<Rate | null> {
  if (text === '') return ok(null)
  const match = /^([1-9][0-9]{0,8})\/([smh])$/.exec(text)
  if (match === null) return bad('write a whole number, a slash and s, m or h')
  return ok({ requests: Number(match[1]), periodMs: periods[match[2] ?? ''] ?? 0 })
}
