/** Whether a page may open a WebSocket here: the browser's only protection against foreign sites (RFC 6455 10.2). */

/** Compiled from `public_base_url` and `auth.allowed_origins`. */
export type OriginRule = (origin: string | null, host: string) => boolean

/**
 * Allows an origin whose host and port are those of `Host`, of the public base URL, or of the allow-list.
 * A missing one is allowed: only browsers send it, and without a cookie session others may connect.
 */
export function compileOriginRule(publicBaseUrl: string, allowed: readonly string[]): OriginRule {
  const list = new Set(allowed.map((origin) => origin.toLowerCase()))
  const own = publicBaseUrl === '' ? null : new URL(publicBaseUrl).origin.toLowerCase()
  return (origin, host) => {
    if (origin === null) return true
    const value = origin.toLowerCase()
    if (list.has(value) || value === own) return true
    const match = /^(https?):\/\/([^/]+)$/.exec(value)
    return match !== null && samePort(match[2] ?? '', host.toLowerCase(), match[1] ?? '')
  }
}

/** Equal after the scheme's default port is removed, which browsers leave out of Origin. */
function samePort(a: string, b: string, scheme: string): boolean {
  const suffix = scheme === 'https' ? ':443' : ':80'
  const bare = (host: string): string => (host.endsWith(suffix) ? host.slice(0, -suffix.length) : host)
  return bare(a) === bare(b)
}
