/** Addresses the gateway listens on: which one is taken, and what is said when it cannot be had. */

import { isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

import type { HostPort, Origin } from '../config/config.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { describePortOwner, findPortOwner } from '../host/port-owner.ts'
import { loopback, onLoopback } from '../worker/address.ts'

/** A listening socket somebody else opened. */
export interface PublicSocket {
  readonly fd: number
}

/** Where the two halves of an address were given, and the keys that change them. */
export interface AddressOrigin {
  /** `default` = nobody chose it. */
  readonly host: Origin
  readonly port: Origin
  readonly keys: { readonly host: string; readonly port: string }
}

/** An address that one key gives. */
export function originOfKey(key: string, where: Origin): AddressOrigin {
  return { host: where, port: where, keys: { host: key, port: key } }
}

/**
 * Listens on an address. "localhost" is loopback of whatever kind there is, and so is the usual address as long as
 * nobody wrote it: a machine with IPv6 alone needs no configuration.
 */
export function listenOn<T>(
  at: HostPort,
  origin: AddressOrigin,
  listen: (at: HostPort) => Promise<T>,
): Promise<T> {
  const isChosen = origin.host !== 'default' || at.host !== loopback
  return at.host !== 'localhost' && isChosen ? listen(at) : onLoopback((host) => listen({ ...at, host }))
}

/** Why an address could not be bound, as the end of a start. */
export function bindError(
  error: unknown,
  address: HostPort | PublicSocket,
  origin: AddressOrigin,
): StartupError {
  return new StartupError([bindProblem(error, address, origin)], exitCode.failed, { cause: error })
}

/** The same as a problem. */
export function bindProblem(
  error: unknown,
  address: HostPort | PublicSocket,
  { host, port, keys }: AddressOrigin,
): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const tried = triedAddress(error, address)
  const shown = shownAddress(tried)
  const [message, hint] = missingKind(code, tried, keys) ??
    bindTexts[code]?.(shown, keys) ?? [`cannot listen on ${shown}: ${String(error)}`, null]
  const owner = code === 'EADDRINUSE' && 'host' in tried ? findPortOwner(tried.host, tried.port) : null
  return {
    code: bindCodes[code] ?? 'bind_failed',
    message: owner === null ? message : `${shown} is already in use by ${describePortOwner(owner)}`,
    where: code in bindCodes ? port : host,
    ...(hint === null ? {} : { hint }),
  }
}

/** Of the addresses that {@link listenOn} may try, the one that the error is about. */
export function triedAddress<A extends HostPort | PublicSocket>(error: unknown, address: A): A {
  const host = error instanceof Error && 'address' in error ? error.address : null
  return 'fd' in address || typeof host !== 'string' || host === '' ? address : { ...address, host }
}

/** `127.0.0.1:8000`, `[::1]:8000`. */
export function shownAddress(address: HostPort | PublicSocket): string {
  if ('fd' in address) return `the passed socket ${address.fd}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

const bindCodes: Readonly<Record<string, string>> = { EADDRINUSE: 'port_taken', EACCES: 'port_forbidden' }

type Texts = readonly [message: string, hint: string]

const bindTexts: Readonly<Record<string, (address: string, keys: AddressOrigin['keys']) => Texts>> = {
  EADDRINUSE: (address, { port }) => [
    `${address} is already in use by another program`,
    `stop that program, or choose another port with ${port} (0 = any free port)`,
  ],
  EACCES: (address) => [
    `${address} may not be bound by this user`,
    'choose a port above 1023, or give the binary the capability: setcap cap_net_bind_service=+ep fluxlit',
  ],
  EADDRNOTAVAIL: (address, { host }) => [
    `${address} is not an address of this machine`,
    `set ${host} to 127.0.0.1, 0.0.0.0 or an address of this machine`,
  ],
  ENOTFOUND: (address, { host }) => [
    `${address} is a name that has no address`,
    `set ${host} to an address, or to a name that this machine knows`,
  ],
}

/** Of a machine that has addresses of the other kind only it is worth saying so. */
function missingKind(
  code: string,
  address: HostPort | PublicSocket,
  keys: AddressOrigin['keys'],
): Texts | null {
  if (!/^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(code) || 'fd' in address) return null
  const { host, port } = address
  const shown = shownAddress(address)
  const others = (...hosts: readonly string[]): string =>
    `set ${keys.host} to ${hosts.map((other) => (keys.host === keys.port ? shownAddress({ host: other, port }) : other)).join(' or ')}`
  if (isIPv6(host) && (code === 'EAFNOSUPPORT' || hasNo('IPv6')))
    return [`${shown} cannot be listened on: this machine has no IPv6`, others('127.0.0.1', '0.0.0.0')]
  if (isIPv4(host) && hasNo('IPv4'))
    return [`${shown} cannot be listened on: this machine has no IPv4`, others('::1', '::')]
  return null
}

function hasNo(family: 'IPv4' | 'IPv6'): boolean {
  try {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    return addresses.length > 0 && addresses.every((address) => address.family !== family)
  } catch {
    // A confined service may not ask.
    return false
  }
}
