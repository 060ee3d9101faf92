/** The `Cookie` field: pairs, some of which are the gateway's own. */

/** All values of one name, in the order sent: a browser may have several for different paths and domains. */
export function cookieValues(header: string, name: string): readonly string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** The field without the cookies that are meant; null when nothing is left. */
export function withoutCookies(header: string, isMeant: (name: string) => boolean): string | null {
  const pairs = header.split(';').map((pair) => pair.trim())
  const kept = pairs.filter((pair) => pair !== '' && !isMeant(cookieName(pair)))
  if (kept.length === pairs.length) return header
  return kept.length === 0 ? null : kept.join('; ')
}

/** The name in `name=value`, also of a `Set-Cookie`. */
export function cookieName(pair: string): string {
  const equals = pair.indexOf('=')
  return (equals === -1 ? pair : pair.slice(0, equals)).trim()
}
