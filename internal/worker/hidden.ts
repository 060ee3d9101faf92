/** Secrets of its environment, taken out of what a worker writes: a traceback may quote them. */

import { looksSecret, redacted } from '../config/secret.ts'

/** Shorter values are words that stand in any text. */
const shortest = 8

/** Makes the function that takes them out of a line. */
export function hiding(env: Readonly<Record<string, string>>): (line: string) => string {
  const values = new Set(Object.entries(env).flatMap(([name, value]) => [...secretsIn(name, value)]))
  if (values.size === 0) return (line) => line
  // The longest first: one may be the beginning of another.
  const words = [...values]
    .toSorted((one, other) => other.length - one.length)
    .map((word) => RegExp.escape(word))
  const pattern = new RegExp(words.join('|'), 'g')
  return (line) => line.replace(pattern, redacted)
}

/** The whole value when its name says secret, and the password of every address in it. */
function* secretsIn(name: string, value: string): Generator<string> {
  if (looksSecret(name) && isWorthHiding(value)) yield value
  for (const [, password = ''] of value.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^:/@\s]*:([^@\s/]+)@/gi))
    if (isWorthHiding(password)) yield password
}

/** Paths and numbers are no secrets, whatever they are called: `SSL_KEY_FILE`, `MAX_TOKENS`. */
function isWorthHiding(value: string): boolean {
  return value.length >= shortest && !/^[./~]|^\d+$/.test(value)
}
