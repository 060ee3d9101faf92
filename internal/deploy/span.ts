/** Spans of time as compose files and systemd write them. */

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  '': 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
}

/** `1m30s`, `1min 30s`, `45` (seconds), `infinity` as milliseconds; null for what is none of these. */
export function milliseconds(text: string): number | null {
  const plain = text.trim()
  if (plain === 'infinity') return Infinity
  if (!/^(\d+(\.\d+)?\s*[a-z]*\s*)+$/.test(plain)) return null
  let sum = 0
  for (const [, number = '', unit = ''] of plain.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
    const factor = units[unit]
    if (factor === undefined) return null
    sum += Number(number) * factor
  }
  return sum
}
