/** What the plain listener of `tls.redirect_from` answers: where the same thing is over https. */

import { normaliseHost, type Head } from '../exchange/head.ts'

/**
 * The `Location` of a 308, which keeps method and body; null when no address can be made of the request, which is
 * then a 400.
 * @param head a head that passed the door; only a target that is a path (origin-form) can be redirected
 * @param tlsPort port of the TLS listener as clients reach it
 * @param publicBaseUrl if it is https, its origin counts instead of `Host`: a port may be mapped in between
 */
export function redirectLocation(
  { host, target }: Pick<Head, 'host' | 'target'>,
  tlsPort: number,
  publicBaseUrl: string,
): string | null {
  // Behind an authority a path that begins with two slashes stays a path; still nothing else may follow it.
  if (!target.startsWith('/') || !/^[\x21-\x7e]+$/.test(target) || /[#\\]/.test(target)) return null
  const origin = publicOrigin(publicBaseUrl) ?? originOf(host, tlsPort)
  return origin === null ? null : origin + target
}

/** The path of `public_base_url` is not needed: the request brings its own. */
function publicOrigin(base: string): string | null {
  if (!base.startsWith('https://')) return null
  const slash = base.indexOf('/', 'https://'.length)
  return slash === -1 ? base : base.slice(0, slash)
}

function originOf(host: string | null, port: number): string | null {
  const valid = host === null ? null : normaliseHost(host)
  if (valid === null) return null
  const name = valid.replace(/:[0-9]+$/, '').toLowerCase()
  return port === 443 ? `https://${name}` : `https://${name}:${port}`
}
