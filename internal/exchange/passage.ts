/** What authorisation changes about an answer. */

import { cookieName } from './cookies.ts'
import type { Exchange, Passage } from './exchange.ts'

/** Whether a `Set-Cookie` of a worker would set one of the gateway's own. */
export function isOwnCookie(passage: Passage | null, setCookie: string): boolean {
  return passage !== null && passage.isOwnCookie !== null && passage.isOwnCookie(cookieName(setCookie))
}

/** Lines that an answer gets. @param cached whether the worker says itself who may keep it */
export function passageLines({ answerLines, personal: isPersonal }: Passage, cached: boolean): string {
  if (!isPersonal) return answerLines
  return `${cached ? '' : 'Cache-Control: private\r\n'}Vary: Cookie, Authorization\r\n${answerLines}`
}

/** The same for an answer whose fields are a list: a file, which a shared cache may keep no longer. */
export function personal({ passage }: Pick<Exchange, 'passage'>, fields: readonly string[]): string[] {
  if (passage === null || !passage.personal) return [...fields]
  const out: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i], fields[i + 1]]
    const shared = name.toLowerCase() === 'cache-control'
    out.push(name, shared ? value.replace(/\bpublic\b/, 'private') : value)
  }
  if (!fields.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'cache-control'))
    out.push('Cache-Control', 'private')
  return [...out, 'Vary', 'Cookie, Authorization', ...answerFields(passage.answerLines)]
}

function answerFields(lines: string): readonly string[] {
  return lines
    .split('\r\n')
    .filter((line) => line !== '')
    .flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
}
