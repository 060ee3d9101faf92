/** Sizes as people write them (`"200MiB"`, `"64KiB"`, `"1GB"`, `"512B"`), read into bytes. */

import { bad, ok, type Parsed } from './parsed.ts'

/** What a size looks like; also the pattern in the JSON Schema. */
export const sizePattern = '^[0-9]+(B|KiB|MiB|GiB|KB|MB|GB)$'

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
}

/**
 * Reads a size.
 *
 * @param text a whole number and a unit; `KiB MiB GiB` count in 1024, `KB MB GB` in 1000
 * @param least smallest number of bytes allowed
 * @returns bytes
 */
export function parseSize(text: string, least = 0): Parsed<number> {
  const match = /^([0-9]+)(B|KiB|MiB|GiB|KB|MB|GB)$/.exec(text)
  if (match === null) return bad(sizeHint(text))
  const bytes = Number(match[1]) * (unitBytes[match[2] ?? ''] ?? 1)
  if (!Number.isSafeInteger(bytes)) return bad('write a smaller size')
  if (bytes < least) return bad(`write at least "${least}B"`)
  return ok(bytes)
}

/** What the writer of a malformed size most likely meant. */
function sizeHint(text: string): string {
  const bare = /^\s*([0-9]+)\s*$/.exec(text)
  if (bare !== null) return `add a unit: "${bare[1]}B", "${bare[1]}KiB" or "${bare[1]}MiB"`
  const loose = /^\s*([0-9]+)\s*([kmg])(i?)b?\s*$/i.exec(text)
  if (loose === null) return 'units are B, KiB, MiB, GiB (1024) and KB, MB, GB (1000)'
  const [, digits = '', letter = '', binary = ''] = loose
  return `write "${digits}${letter.toUpperCase()}${binary === '' && /b\s*$/i.test(text) ? '' : 'i'}B"`
}
