/** How people appear in the access log: not at all, as a keyed hash, or by their subject. */

import { createHmac } from 'node:crypto'

const mostKept = 10_000

/** Compiles it; the same person is the same text as long as the key is the same. @returns null = nobody is named */
export function compileUserNames(
  how: 'off' | 'hash' | 'full',
  key: string,
): (subject: string) => string | null {
  if (how === 'off') return () => null
  if (how === 'full') return (subject) => subject
  const kept = new Map<string, string>()
  return (subject) => {
    const known = kept.get(subject)
    if (known !== undefined) return known
    const made = createHmac('sha256', key).update(`user\0${subject}`).digest('base64url').slice(0, 16)
    if (kept.size >= mostKept) kept.clear()
    kept.set(subject, made)
    return made
  }
}
