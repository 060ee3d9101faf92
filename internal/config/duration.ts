/** Durations as people write them (`"30s"`, `"500ms"`, `"5m"`, `"1h"`), read into milliseconds. */

import { bad, ok, type Parsed } from './parsed.ts'

/** What a duration looks like; also the pattern in the JSON Schema. */
export const durationPattern = '^[0-9]+(ms|s|m|h)$'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Timers of the runtime overflow above this many milliseconds and would then fire at once. */
const longestMs = 2 ** 31 - 1

/**
 * Reads a duration.
 *
 * @param text a whole number and a unit, nothing else
 * @param least smallest number of milliseconds allowed; 0 where `"0s"` turns the thing off
 * @returns milliseconds
 */
export function parseDuration(text: string, least = 0): Parsed<number> {
  const match = /^([0-9]+)(ms|s|m|h)$/.exec(text)
  if (match === null) return bad(durationHint(text))
  const ms = Number(match[1]) * (unitMs[match[2] ?? ''] ?? 1)
  if (ms > longestMs) return bad('write at most "596h"')
  if (ms < least) return bad('write a duration above zero')
  return ok(ms)
}

/** What the writer of a malformed duration most likely meant. */
function durationHint(text: string): string {
  const bare = /^\s*([0-9]+)\s*$/.exec(text)
  if (bare !== null) return `add a unit: "${bare[1]}s"`
  const loose = /^\s*([0-9]+)\s*([a-z]+)\s*$/i.exec(text)
  const unit = loose === null ? undefined : unitNames[(loose[2] ?? '').toLowerCase()]
  if (loose !== null && unit !== undefined) return `write "${loose[1]}${unit}"`
  if (/^[0-9]*\.[0-9]+(s|m|h)$/.test(text)) return 'write a whole number of a smaller unit, such as "1500ms"'
  return 'units are ms, s, m and h'
}

const unitNames: Readonly<Record<string, 'ms' | 's' | 'm' | 'h'>> = {
  ms: 'ms',
  msec: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  s: 's',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  m: 'm',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  h: 'h',
  hr: 'h',
  hour: 'h',
  hours: 'h',
}
