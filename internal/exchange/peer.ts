/** Who is at the other end of a connection, and whether what it says about others counts. Decided once per socket. */

import { BlockList, isIP, type Socket } from 'node:net'

/** The other end of one client connection. */
export interface Peer {
  /** IP address without zone and without the IPv4-mapped prefix; `unknown` when the socket has none. */
  readonly address: string
  /** Whether forwarded headers of this peer count. */
  readonly trusted: boolean
  /** Whether its request ids and trace context are kept: a trusted proxy's, or a worker's own call. */
  readonly keepsIds: boolean
}

/** Membership test for `trusted_proxies`. */
export type TrustedPeers = (address: string) => boolean

/** Compiles CIDRs (validated by the config room) into one test; an empty list trusts nobody. */
export function compileTrustedPeers(cidrs: readonly string[]): TrustedPeers {
  if (cidrs.length === 0) return () => false
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/')
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(network, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  return (address) => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** The peer of a freshly accepted socket. `always` is true for the internal listener, whose
 * callers may name the request they belong to but not another client. */
export function identifyPeer(
  socket: Pick<Socket, 'remoteAddress'>,
  trusts: TrustedPeers,
  always: boolean,
): Peer {
  const address = plainAddress(socket.remoteAddress ?? 'unknown')
  const trusted = !always && trusts(address)
  return { address, trusted, keepsIds: always || trusted }
}

/**
 * The client behind trusted proxies: walks `X-Forwarded-For` from the right past trusted hops. Anything that
 * is not an address ends the walk at the last address known to be good. At most 20 hops are looked at.
 */
export function clientAddress(peer: Peer, forwardedFor: string | null, trusts: TrustedPeers): string {
  if (!peer.trusted || forwardedFor === null) return peer.address
  const hops = forwardedFor.split(',')
  let client = peer.address
  for (let i = hops.length - 1; i >= 0 && i >= hops.length - 20; i--) {
    const hop = hopAddress(hops[i] ?? '')
    if (hop === null) return client
    client = hop
    if (!trusts(hop)) return client
  }
  return client
}

/** An address as proxies write it: bare, with a port, or in brackets; null when it is none. */
function hopAddress(text: string): string | null {
  const value = text.trim()
  if (isIP(value) !== 0) return plainAddress(value)
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(value)?.[1]
  if (bracketed !== undefined && isIP(bracketed) === 6) return plainAddress(bracketed)
  const withPort = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(value)?.[1]
  return withPort !== undefined && isIP(withPort) === 4 ? withPort : null
}

function plainAddress(address: string): string {
  const zone = address.indexOf('%')
  const bare = zone === -1 ? address : address.slice(0, zone)
  return bare.toLowerCase().startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare
}
