/** `tls.redirect_from`. */

import type { HostPort } from './config.ts'
import { parseHostPort } from './network.ts'
import { bad, ok, type Parsed } from './parsed.ts'

/** Reads the address of the plain listener; `''` = none. */
export function parseRedirectFrom(text: string): Parsed<HostPort | null> {
  if (text === '') return ok(null)
  if (/^:?[0-9]{1,5}$/.test(text)) return bad(`write "0.0.0.0:${text.replace(':', '')}"`)
  return parseHostPort(text)
}
