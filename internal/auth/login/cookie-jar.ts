/** The gateway's own cookies: how they are called, and the lines that set them and take them back. */

import { cookieName as nameOf } from '../../exchange/cookies.ts'

/** How the gateway's cookies are called and kept. */
export interface CookieJar {
  readonly session: string
  /** Start of the names of login attempts; the rest is of the attempt. */
  readonly login: string
  readonly secure: boolean
  readonly sameSite: 'lax' | 'strict'
}

/** What {@link cookieJar} is made from. */
export interface CookieRules {
  readonly cookieName: string
  readonly sameSite: 'lax' | 'strict'
  readonly secure: boolean
  readonly rootPath: string
  /** Of the gateway. */
  readonly name: string
}

/**
 * The names. `__Host-` keeps neighbours from setting them and needs https; with it the path is always `/`, so that apps
 * below different paths of one host need names of their own. Without it, on this machine, every project needs one:
 * cookies do not tell ports apart.
 */
export function cookieJar({ cookieName, sameSite, secure, rootPath, name }: CookieRules): CookieJar {
  const slug = rootPath === '' ? '' : `_${plain(rootPath.slice(1))}`
  const start = secure ? `__Host-${cookieName}` : `${cookieName}_${plain(name)}`
  return { session: `${start}_session${slug}`, login: `${start}_login${slug}_`, secure, sameSite }
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9]+/g, '-')
}

/** Whether a cookie is the gateway's own: no worker sees it, and none may set it. */
export function isOwnCookie(jar: CookieJar, name: string): boolean {
  return name === jar.session || name.startsWith(jar.login)
}

/** The line that sets the session's cookie. @param maxAgeS how long the browser keeps it */
export function sessionCookieLine(jar: CookieJar, value: string, maxAgeS: number): string {
  return setLine(jar, jar.session, value, jar.sameSite, maxAgeS)
}

/** The line that sets the cookie of a login attempt: always sent along when the provider sends the browser back. */
export function loginCookieLine(jar: CookieJar, name: string, value: string, maxAgeS: number): string {
  return setLine(jar, name, value, 'lax', maxAgeS)
}

/** The line that takes a cookie back. */
export function clearLine(jar: CookieJar, name: string): string {
  return setLine(jar, name, '', 'lax', 0)
}

function setLine(
  { secure }: CookieJar,
  name: string,
  value: string,
  sameSite: 'lax' | 'strict',
  maxAgeS: number,
): string {
  const same = sameSite === 'lax' ? 'Lax' : 'Strict'
  return `Set-Cookie: ${name}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=${same}${secure ? '; Secure' : ''}\r\n`
}

/** Names of the login attempts a browser has, the oldest first: browsers send older cookies before newer ones. */
export function pendingLogins({ login }: CookieJar, header: string | null): readonly string[] {
  if (header === null || !header.includes(login)) return []
  return header
    .split(';')
    .map(nameOf)
    .filter((name) => name.startsWith(login))
}
