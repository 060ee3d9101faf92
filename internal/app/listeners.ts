/** Opens the gateway's listeners and connects them to the two request paths. */

import type { Config, HostPort } from '../config/config.ts'
import { Caller, type Identification, type Neighbourhood } from '../exchange/identify.ts'
import { compileTrustedPeers, identifyPeer } from '../exchange/peer.ts'
import { createIdSource } from '../exchange/request-id.ts'
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
import { bindError, listenOn, shownAddress, type AddressOrigin, type PublicSocket } from './bind.ts'
import type { RequestDeps } from './deps.ts'
import type { PageResumption } from './page-resumption.ts'
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
  readonly resumption?: PageResumption
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
    resumption: desk === null ? null : (parts.resumption ?? null),
    headRules: desk?.headRules,
    userName: compileUserNames(config.logUser, parts.userKey ?? ''),
    headers: compileResponseHeaders(config),
    origins: compileOriginRule(config.publicBaseUrl, config.allowedOrigins),
    allowedHosts: config.allowedHosts.length === 0 ? null : new Set(config.allowedHosts.map(hostName)),
  }
  const fallbackHost = shownAddress(config.listen)
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

/**
 * Binds one address; a taken or forbidden port is a StartupError with exit code 1.
 * @param current asked for every request, so that a reload takes effect at once and as a whole
 * @param certificates for TLS; null = plain
 */
export async function openListener(
  address: HostPort | PublicSocket,
  origin: AddressOrigin,
  current: () => RequestDeps,
  certificates: Certificates | null = null,
): Promise<Listener> {
  const limits = listenerLimits(current().config)
  const bind = (at: HostPort | PublicSocket): Promise<Listener> =>
    Listener.bind(
      at,
      limits,
      (transaction, connection) => handle(current, transaction, connection),
      certificates,
    )
  try {
    return 'fd' in address ? await bind(address) : await listenOn(address, origin, bind)
  } catch (error) {
    throw bindError(error, address, origin)
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
