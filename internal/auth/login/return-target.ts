/**
 * Where somebody is sent back to after signing in: a path of this gateway and nothing else. Four families of holes of
 * other gateways are about this one parameter, so it is read once, strictly, and what cannot be used becomes `/`.
 */

/** What {@link returnTarget} goes by. */
export interface ReturnRules {
  /** Scheme, host and port that browsers see. */
  readonly publicOrigin: string
  /** Path prefix in front of everything, `''` or `/tools`. */
  readonly rootPath: string
  /** Paths (with the root path) below which nobody is sent back to: the gateway's own, sockets, APIs. */
  readonly never: readonly string[]
}

const mostChars = 2048

/** Whether a character may stand in it: no blanks, no control characters, no backslash. */
const plainText = /^[\x21-\x5b\x5d-\x7e\u00a0-\ud7ff\ue000-\ufffd]+$/

/** The path, query and fragment to return to; the root for everything that is not surely on this origin. */
export function returnTarget(asked: string | null, rules: ReturnRules): string {
  const home = `${rules.rootPath}/`
  if (asked === null || asked.length > mostChars || !plainText.test(asked)) return home
  if (!asked.startsWith('/') || asked.startsWith('//')) return home
  if (!URL.canParse(asked, rules.publicOrigin)) return home
  const url = new URL(asked, rules.publicOrigin)
  if (url.origin !== rules.publicOrigin || url.username !== '' || url.password !== '') return home
  const { pathname } = url
  if (pathname.startsWith('//') || /%(?:2f|5c|[01][0-9a-f]|7f)/i.test(pathname)) return home
  const isBelow = (path: string): boolean => pathname === path || pathname.startsWith(`${path}/`)
  if (rules.never.some(isBelow) || (rules.rootPath !== '' && !isBelow(rules.rootPath))) return home
  return pathname + url.search + url.hash
}
