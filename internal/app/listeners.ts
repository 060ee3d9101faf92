/** Opens the gateway's listeners and connects them to the two request paths. */

import type { Config, HostPort } from '../config/config.ts'
import { Caller, type Identification, type Neighbourhood } from '../exchange/identify.ts'
import { compileTrustedPeers, identifyPeer } from '../exchange/peer.ts'
import { createIdSource } from '../exchange/request-id.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import { describePortOwner, findPortOwner } from '../host/port-owner.ts'
import { noMetrics } from '../metrics/metrics.ts'
import { noRecent } from '../recent/recent.ts'
import { compileOriginRule } from '../proxy/origin.ts'
import { compileResponseHeaders } from '../proxy/response-headers.ts'
import { compileRoutes, hostName } from '../route/table.ts'
import type { Desk } from '../auth/desk.ts'
import type { SocketGuard } from '../auth/socket-guard.ts'
import { Throttle } from '../auth/throttle.ts'
import type { Certificates } from '../server/certificates.ts'
import type { ServerConnection } from '../http1/server-connection.ts'
import { Listener, type ListenerLimits } from '../server/listener.ts'
import type { Backend } from './backend.ts'
import type { RequestDeps } from './deps.ts'
import { handle } from './handle.ts'
import { compileUserNames } from './user-name.ts'

/** What both listeners share. */
export interface ListenerParts {
  readonly config: Config
  readonly backends: readonly Backend[]
  readonly health: RequestDeps['health']
  readonly accessLog: RequestDeps['accessLog']
  readonly metrics?: RequestDeps['metrics']
  readonly recent?: RequestDeps['recent']
  readonly maintenance?: RequestDeps['maintenance']
  readonly explain?: RequestDeps['explain']
  /** Null = nobody is asked who they are. */
  readonly desk?: Desk | null
  /** Key of the hashes that stand for people in the access log. */
  readonly userKey?: string
  /** Watches over open WebSockets. */
  readonly sockets?: SocketGuard
}

/** Who a listener is for: everybody, the workers, or those who are to come back over TLS at the port given. */
export type ListenerKind =
  | { readonly kind: 'public' }
  | { readonly kind: 'internal' }
  | { readonly kind: 'redirect'; readonly port: () => number }

/** Makes the dependencies of the request path, one set per listener. */
export function createRequestDeps(parts: ListenerParts): (listener: ListenerKind) => RequestDeps {
  const { config, backends, desk = null } = parts
  const ids = createIdSource()
  const trusts = compileTrustedPeers(config.trustedProxies)
  const workers = backends.map((backend) => backend.config)
  const docsMount = config.docsRedirect ? apiMount(config, backends) : null
  const shared = {
    config,
    backends,
    health: parts.health,
    accessLog: parts.accessLog,
    metrics: parts.metrics ?? noMetrics,
    recent: parts.recent ?? noRecent,
    maintenance: parts.maintenance ?? (() => null),
    explain: parts.explain ?? null,
    routes: compileRoutes({
      workers,
      rootPath: config.rootPath,
      docsMount,
      healthOf: healthOf(config, backends),
      reserved: desk?.endpoints?.reserved ?? [],
    }),
    endpoints: desk?.endpoints ?? null,
    sockets: desk === null ? null : (parts.sockets ?? null),
    headRules: desk?.headRules,
    userName: compileUserNames(config.logUser, parts.userKey ?? ''),
    headers: compileResponseHeaders(config),
    origins: compileOriginRule(config.publicBaseUrl, config.allowedOrigins),
    allowedHosts: config.allowedHosts.length === 0 ? null : new Set(config.allowedHosts.map(hostName)),
  }
  const fallbackHost = `${config.listen.host}:${config.listen.port}`
  const throttle =
    config.limits.rate === null
      ? null
      : new Throttle(config.limits.rate, () => performance.now(), desk?.rates ?? null)
  return (listener) => {
    const internal = listener.kind === 'internal'
    const scheme = listener.kind === 'public' && config.tls !== null ? 'https' : 'http'
    const by: Neighbourhood = { ids, trusts, scheme, fallbackHost }
    const identification = (connection: ServerConnection): Identification => {
      const known = connection.attachment
      if (known instanceof Caller && known.by === by) return known
      const caller = new Caller(by, identifyPeer(connection.socket, trusts, internal))
      connection.attachment = caller
      return caller
    }
    const redirectPort = listener.kind === 'redirect' ? listener.port : null
    const authorize = (internal ? desk?.internal : desk?.front) ?? null
    // Workers call for everybody, from one address.
    return {
      ...shared,
      throttle: internal ? null : throttle,
      authorize,
      identification,
      internal,
      redirectPort,
    }
  }
}

/** A listening socket somebody else opened. */
export interface PublicSocket {
  readonly fd: number
}

/**
 * Binds one address; a taken or forbidden port is a {@link StartupError} with exit code 1.
 * @param current asked for every request, so that a reload takes effect at once and as a whole
 * @param certificates for TLS; null = plain
 */
export async function openListener(
  address: HostPort | PublicSocket,
  where: string,
  current: () => RequestDeps,
  certificates: Certificates | null = null,
): Promise<Listener> {
  const { config } = current()
  try {
    return await Listener.bind(
      address,
      listenerLimits(config),
      (transaction, connection) => handle(current, transaction, connection),
      certificates,
    )
  } catch (error) {
    throw bindError(error, address, where)
  }
}

/** What the configuration says about connections of clients. */
export function listenerLimits({ timeouts, limits }: Config): ListenerLimits {
  return {
    headersMs: timeouts.headersMs,
    keepAliveMs: timeouts.keepAliveMs,
    bodyIdleMs: timeouts.bodyIdleMs,
    bodyMinRate: limits.bodyMinRate,
    headerBytes: limits.headerBytes,
    headerCount: limits.headerCount,
    targetBytes: limits.targetBytes,
    connections: limits.connections,
  }
}

/** An application object answers below its API; plain FastAPI apps have paths of their own. */
function healthOf(config: Config, backends: readonly Backend[]): number | null {
  const index = config.target === null ? -1 : backends.findIndex(({ config: { name } }) => name === 'api')
  return index === -1 ? null : index
}

function apiMount(config: Config, backends: readonly Backend[]): string | null {
  const api = backends.find(({ config: worker }) => worker.kind === 'uvicorn' && worker.hosts.length === 0)
  return api === undefined || api.config.mount === '/' || !config.docsRedirect ? null : api.config.mount
}

/** Keys by which an address can be changed, for hints. */
export interface AddressKeys {
  readonly host: string
  readonly port: string
}

const gatewayKeys: AddressKeys = { host: 'gateway_host', port: '--port or gateway_port' }

/** Why an address could not be bound, as the end of a start. @param where the address was given */
export function bindError(
  error: unknown,
  address: HostPort | PublicSocket,
  where: string,
  keys = gatewayKeys,
): StartupError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const shown = shownAddress(address)
  const [message, hint] = bindTexts[code]?.(shown, keys) ?? [
    `cannot listen on ${shown}: ${String(error)}`,
    null,
  ]
  const owner = code === 'EADDRINUSE' && 'host' in address ? findPortOwner(address.host, address.port) : null
  const problem = {
    code: bindCodes[code] ?? 'bind_failed',
    message: owner === null ? message : `${shown} is already in use by ${describePortOwner(owner)}`,
    where,
    ...(hint === null ? {} : { hint }),
  }
  return new StartupError([problem], exitCode.failed, { cause: error })
}

function shownAddress(address: HostPort | PublicSocket): string {
  if ('fd' in address) return `the passed socket ${address.fd}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

const bindCodes: Readonly<Record<string, string>> = { EADDRINUSE: 'port_taken', EACCES: 'port_forbidden' }

const bindTexts: Readonly<Record<string, (address: string, keys: AddressKeys) => readonly [string, string]>> =
  {
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
  }
