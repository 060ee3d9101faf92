/** What the two request paths are given by the composition root; made once at start. */

import type { Config } from '../config/config.ts'
import type { Authorize } from '../auth/authorize.ts'
import type { SocketGuard } from '../auth/socket-guard.ts'
import type { Throttle } from '../auth/throttle.ts'
import type { LoginEndpoints } from '../auth/endpoints.ts'
import type { HeadRules } from '../exchange/head.ts'
import type { Identification } from '../exchange/identify.ts'
import type { ServerConnection } from '../http1/server-connection.ts'
import type { HealthView } from '../health/health.ts'
import type { AccessLog } from '../log/access.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Notice } from '../maintenance/maintenance.ts'
import type { Recent } from '../recent/recent.ts'
import type { OriginRule } from '../proxy/origin.ts'
import type { ResponseHeaderRules } from '../proxy/response-headers.ts'
import type { RouteTable } from '../route/table.ts'
import type { Backend } from './backend.ts'
import type { PageResumption } from './page-resumption.ts'

/** Everything `handle` and `upgrade` need. */
export interface RequestDeps {
  readonly config: Config
  readonly routes: RouteTable
  readonly backends: readonly Backend[]
  readonly health: () => HealthView
  readonly origins: OriginRule
  /** What answers say besides what workers say. */
  readonly headers: ResponseHeaderRules
  readonly accessLog: AccessLog
  readonly metrics: Metrics
  readonly recent: Recent
  /** What clients of a worker are told in place of being served; null = they are served. */
  readonly maintenance: (worker: string) => Notice | null
  /** Identification for a connection; the trust decision is made once for each. */
  readonly identification: (connection: ServerConnection) => Identification
  /** Hosts that are answered, or null for any. */
  readonly allowedHosts: ReadonlySet<string> | null
  /** Who may pass; null = everybody, and nobody is asked. */
  readonly authorize: Authorize | null
  /** The gateway's own pages for signing in; null = nobody can. */
  readonly endpoints: LoginEndpoints | null
  readonly headRules: HeadRules | undefined
  /** How often one client or person may ask; null = as often as they like. */
  readonly throttle: Throttle | null
  /** How people are named in the access log. */
  readonly userName: (subject: string) => string | null
  /** Watches over open WebSockets of people who are known; null = nobody is asked. */
  readonly sockets: SocketGuard | null
  /** What pages of an old Streamlit may not ask for; null = nobody is asked who they are. */
  readonly resumption: PageResumption | null
  /** In development: the page for a worker that does not run, null while it does. */
  readonly explain: ((worker: string) => string | null) | null
  /** Whether the listener is the workers' own. */
  readonly internal: boolean
  /** On the plain listener of `tls.redirect_from`: the port requests are sent on to; null elsewhere. */
  readonly redirectPort: (() => number) | null
}
