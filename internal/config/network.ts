/** Host names, addresses and CIDRs. */

import { isIP } from 'node:net'

import type { HostPort } from './config.ts'
import { bad, ok, type Parsed } from './parsed.ts'

const namePattern =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/

/** Reads an address to listen on: an IP literal (brackets allowed) or a name, without a port. */
export function parseListenHost(text: string): Parsed<string> {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (isIP(bare.replace(/%.*$/, '')) !== 0) return ok(bare)
  if (text === '' || text === '*') return bad('write "0.0.0.0" for every address')
  if (/^[0-9.]+$/.test(text)) return bad('this is not an IP address')
  if (/^[^:]+:[0-9]+$/.test(text)) return bad('the port has a key of its own: gateway_port')
  return namePattern.test(text) ? ok(text) : bad('write an IP address or a host name')
}

/** Reads a host name to be matched against `Host`: lower case, without port; IPv6 in brackets. */
export function parseHostName(text: string): Parsed<string> {
  const name = text.toLowerCase().replace(/\.$/, '')
  if (name.startsWith('[') && name.endsWith(']') && isIP(name.slice(1, -1)) === 6) return ok(name)
  if (isIP(name) === 6) return bad(`write "[${name}]"`)
  if (name.includes('*')) return bad('list every name; wildcards are not supported, an empty list allows any')
  if (name.includes('/')) return bad('write the host name alone, without scheme and path')
  if (/:[0-9]*$/.test(name)) return bad(`write "${name.replace(/:[0-9]*$/, '')}", without the port`)
  return namePattern.test(name) ? ok(name) : bad('write a host name such as "app.example"')
}

/** Reads a network: a CIDR, or one address, which becomes /32 or /128. */
export function parseCidr(text: string): Parsed<string> {
  if (text === '*')
    return bad(
      'trusting everybody lets any client forge its address; list the proxies, for example ["10.0.0.0/8"]',
    )
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || more.length > 0)
    return bad('write an address with a prefix length such as "10.0.0.0/8"')
  const most = version === 6 ? 128 : 32
  if (bits === undefined) return ok(`${address}/${most}`)
  if (!/^[0-9]{1,3}$/.test(bits) || Number(bits) > most) return bad(`the prefix length is 0 to ${most}`)
  return ok(`${address}/${Number(bits)}`)
}

/** Splits `host:port`, `[::1]:port`; the port is required. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) return bad('write host:port, for example "127.0.0.1:9000"')
  const host = parseListenHost(match[1] ?? match[2] ?? '')
  return host.kind === 'ok' ? ok({ host: host.value, port }) : host
}

/** Whether only programs on this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * Reads the address of the workers' own listener. It trusts whoever reaches it, so only loopback is allowed.
 * `''` = 127.0.0.1, any port.
 */
export function parseLoopback(text: string): Parsed<HostPort> {
  if (text === '') return ok({ host: '127.0.0.1', port: 0 })
  const address = parseHostPort(text)
  if (address.kind === 'bad') return address
  if (isLoopback(address.value.host)) return address
  return bad('only loopback addresses are allowed here, for example "127.0.0.1:9000"')
}
