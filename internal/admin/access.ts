/** Who may ask the admin listener: by address, by the name it is asked for under, by password. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Secret } from '../config/secret.ts'

/** What is demanded. */
export interface AccessRules {
  /** Whether the other end of a connection is one that may ask. */
  readonly admits: (socket: Socket) => boolean
  /** Whether the other end is the code of a worker that has an account of its own, which need not know all this. */
  readonly isWorker: (socket: Socket) => boolean
  /** Names it may be asked for under, besides addresses and localhost; null = any. */
  readonly names: ReadonlySet<string> | null
  readonly password: Secret | null
}

/** Why somebody is not answered. */
export interface Denial {
  readonly status: 401 | 403 | 421
  /** One sentence. */
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

/** Checks one request; null = it may be answered. */
export function denialOf(request: IncomingMessage, rules: AccessRules): Denial | null {
  if (!rules.admits(request.socket))
    return denial(403, 'This address may not ask; `admin.allow` lists those that may.')
  if (rules.isWorker(request.socket))
    return denial(403, 'Workers with an account of their own may not ask; set a password to let them.')
  if (!isOwnName(request.headers.host, rules.names))
    return denial(421, 'Ask for this listener under its address, or as localhost.')
  if (rules.password === null || isPassword(request.headers.authorization, rules.password)) return null
  return denial(401, 'A password is needed.', {
    'www-authenticate': 'Basic realm="fluxlit", charset="UTF-8"',
  })
}

/**
 * A page of somebody else can have its own name lead to this listener and then read the answers (DNS rebinding). It
 * cannot do that with an address, nor with a name that is not its own.
 */
function isOwnName(host: string | undefined, names: ReadonlySet<string> | null): boolean {
  // Every browser names a host.
  if (names === null || host === undefined) return true
  const name = host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.has(name)
}

/** Basic authentication (RFC 7617) under any user name. Takes as long for a wrong password as for the right one. */
function isPassword(authorization: string | undefined, password: Secret): boolean {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? '')?.[1]
  const decoded = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  const same = timingSafeEqual(digest(decoded.slice(colon + 1)), digest(password.reveal()))
  return same && colon !== -1
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function denial(
  status: Denial['status'],
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Denial {
  return { status, message, headers }
}
