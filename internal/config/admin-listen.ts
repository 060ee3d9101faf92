/** `admin.listen` and `metrics.listen`. */

import type { HostPort } from './config.ts'
import { parseHostPort } from './network.ts'
import { bad, ok, type Parsed } from './parsed.ts'

/** Where the admin listener is unless somebody says otherwise. */
export const defaultAdminListen = '127.0.0.1:9464'

/** Reads an address that may be left out: `''` = none. */
export function parseOptionalListen(text: string): Parsed<HostPort | null> {
  if (text === '') return ok(null)
  if (/^:?[0-9]{1,5}$/.test(text)) return bad(`write "127.0.0.1:${text.replace(':', '')}"`)
  return parseHostPort(text)
}
