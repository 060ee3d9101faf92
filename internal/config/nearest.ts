/** "Did you mean": the known name that is closest to a mistyped one. */

/**
 * The known name nearest to `name`, or null when none is near: at most a third of the letters differ, or the
 * one is the other's last words (`port` for `gateway_port`).
 */
export function nearest(name: string, known: Iterable<string>): string | null {
  const given = name.toLowerCase()
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1
  let tail: string | null = null
  for (const candidate of known) {
    const distance = editDistance(given, candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
    if (tail === null && isTail(given, candidate.toLowerCase())) tail = candidate
  }
  return best ?? tail
}

function isTail(given: string, candidate: string): boolean {
  const plain = given.replaceAll('-', '_')
  return candidate.endsWith(`_${plain}`) || plain.endsWith(`_${candidate}`)
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
export function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) row.push(cell(a, b, i, j, row, last, beforeLast))
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

function cell(
  a: string,
  b: string,
  i: number,
  j: number,
  row: readonly number[],
  last: readonly number[],
  beforeLast: readonly number[],
): number {
  const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
  const plain = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, changed)
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
  return swapped ? Math.min(plain, (beforeLast[j - 2] ?? 0) + 1) : plain
}
