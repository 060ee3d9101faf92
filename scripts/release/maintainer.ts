/** Who answers for what is released, and where it lives: `author` and `homepage` of package.json, and nowhere else. */

import { SetupError } from '../shell/progress.mjs'

/** Whoever people may write to. */
export interface Maintainer {
  readonly name: string
  /** Null = nobody has said one. */
  readonly address: string | null
}

/** Debian packages cannot be without; nothing that is sent there arrives anywhere (RFC 2606). */
const nobody = 'maintainers@fluxlit.invalid'

/**
 * Reads `Name <address>`, or a name alone.
 * @param where it stands, for the message
 * @throws {SetupError} for anything else
 */
export function readMaintainer(text: string, where: string): Maintainer {
  const found = /^([^<>()\n]*[^<>()\s])(?:\s*<([^<>\s@]+@[^<>\s@]+)>)?$/.exec(text.trim())
  if (found !== null) return { name: found[1] ?? '', address: found[2] ?? null }
  throw new SetupError(`${where} is ${JSON.stringify(text)}`, 'write it as "NAME <ADDRESS>"')
}

/** `Name <address>`, with a placeholder where there is none. */
export function mailbox({ name, address }: Maintainer): string {
  return `${name} <${address ?? nobody}>`
}
