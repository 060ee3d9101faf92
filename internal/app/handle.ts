/**
 * One request, stage by stage: `accept -> identify -> route -> answer | authorize -> admit -> forward -> relay ->
 * settle`, with `refuse` reachable from each. A WebSocket takes the same way, with its origin checked before it is admitted.
 */

import { sendFile } from '../assets/files.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { declaredLength, readHead } from '../exchange/head.ts'
import { personal } from '../exchange/passage.ts'
import { identify, identifyRefused, type Identification } from '../exchange/identify.ts'
import { failure, isFailure, type Failure } from '../fault/failure.ts'
import { answerAppHealth, answerHealth, type HealthAnswer } from '../health/health.ts'
import type { RequestHead } from '../http1/head.ts'
import type { ServerConnection } from '../http1/server-connection.ts'
import type { Transaction } from '../http1/transaction.ts'
import { maintenanceRetryS, type Notice } from '../maintenance/maintenance.ts'
import { dropSegments, hostName } from '../route/table.ts'
import { readTarget, type PathTarget } from '../route/target.ts'
import { redirectLocation } from '../server/redirect.ts'
import { Attempt, type WorkerRoute } from './attempt.ts'
import { accessRequest, answerEndpoint, enforce, withinRate } from './access.ts'
import { answerJson, answerPage, answerRedirect, refuse } from './answer.ts'
import type { Backend } from './backend.ts'
import type { RequestDeps } from './deps.ts'
import { Handling, settle } from './handling.ts'
import { refuseForeignPage } from './internal.ts'
import { refuseSocket } from './sockets.ts'
import { isHiddenFromOutside } from './streamlit.ts'

/**
 * Handles one request. Never throws.
 * @param current asked at the start, and again when the worker's route has changed while the request waited
 */
export function handle(
  current: () => RequestDeps,
  transaction: Transaction,
  connection: ServerConnection,
): void {
  const deps = current()
  const by = deps.identification(connection)
  const request = transaction.head
  const head = isFailure(request) ? request : readHead(request, deps.headRules, by.heads)
  if (isFailure(head)) return refuseHead(deps, isFailure(request) ? null : request, head, by, transaction)
  const exchange = identify(head, head.websocket === null ? 'http' : 'websocket', by)
  exchange.ownLines = deps.headers.own.block(exchange.scheme, 0)
  exchange.pages = deps.config.pages
  const handling = new Handling(deps, { current, exchange, head, transaction, connection, route: guard })
  transaction.settler = handling
  guard(handling)
}

function refuseHead(
  deps: RequestDeps,
  request: RequestHead | null,
  reason: Failure,
  by: Identification,
  transaction: Transaction,
): void {
  const exchange = identifyRefused(request, by)
  exchange.ownLines = deps.headers.own.block(exchange.scheme, 0)
  exchange.pages = deps.config.pages
  transaction.settler = { settled: (complete) => settle(deps, exchange, transaction, complete) }
  refuse(exchange, transaction, reason)
}

function guard(handling: Handling): void {
  try {
    routeRequest(handling)
  } catch (error) {
    refuse(handling.exchange, handling.transaction, { ...failure('internal'), cause: error })
  }
}

function routeRequest(handling: Handling): void {
  const { deps, exchange, head, transaction } = handling
  const page = refuseForeignPage(deps, head)
  if (page !== null) return refuse(exchange, transaction, page)
  const target = readTarget(head.target, { method: head.method, host: head.host, scheme: exchange.scheme })
  if (isFailure(target)) return refuse(exchange, transaction, target)
  if (target.kind === 'server' || head.isForGateway)
    return answerJson(exchange, transaction, 200, '{}\n', null)
  const route = deps.routes(target, exchange.host)
  if (!isFailure(route) && route.kind === 'internal' && head.websocket === null)
    return answerInternal(handling, route.name)
  const foreign = refuseForeignHost(deps, exchange)
  if (foreign !== null) return refuse(exchange, transaction, foreign)
  // Also where nothing is: that is for the other port to say.
  if (deps.redirectPort !== null && (!isFailure(route) || route.code === 'route_not_found'))
    return redirectToTls(handling, target, deps.redirectPort())
  if (isFailure(route)) return refuse(exchange, transaction, route)
  if (route.kind === 'auth') return answerEndpoint(handling, target, route.rootSegments)
  if (route.kind === 'worker') return toWorker(handling, target, route)
  if (route.kind === 'redirect' && head.websocket === null)
    return answerRedirect(exchange, transaction, 307, route.location + target.query)
  if (route.kind === 'health' && head.websocket === null) return answerApplication(handling, route.name)
  refuse(exchange, transaction, failure('route_not_found'))
}

/** What was asked over plain HTTP is to be asked again over TLS. */
function redirectToTls(
  { deps, exchange, head, transaction }: Handling,
  target: PathTarget,
  port: number,
): void {
  const asked = { host: head.host, target: target.raw + target.query }
  const location = redirectLocation(asked, port, deps.config.publicBaseUrl)
  if (location === null) refuse(exchange, transaction, failure('bad_host'))
  else answerRedirect(exchange, transaction, 308, location)
}

function answerInternal(handling: Handling, name: string): void {
  const { deps } = handling
  handling.enter('internal')
  sendHealth(handling, answerHealth(name, deps.health()))
}

function answerApplication(handling: Handling, name: string): void {
  const { deps } = handling
  handling.enter('internal')
  sendHealth(handling, answerAppHealth(name, deps.health()))
}

function sendHealth({ exchange, head, transaction }: Handling, answer: HealthAnswer | null): void {
  if (answer === null) return refuse(exchange, transaction, failure('route_not_found'))
  if (head.method !== 'GET' && head.method !== 'HEAD')
    return refuse(exchange, transaction, failure('method_not_allowed'))
  answerJson(exchange, transaction, answer.status, answer.body, answer.retryAfterS)
}

function toWorker(handling: Handling, target: PathTarget, route: WorkerRoute): void {
  const { deps, exchange, transaction } = handling
  const backend = backendOf(deps, route)
  handling.enter(backend.config.name)
  const refusal = refuseFor(handling, backend, route)
  if (refusal !== null) return refuse(exchange, transaction, refusal)
  const notice = deps.maintenance(backend.config.name)
  if (notice !== null) return refuse(exchange, transaction, underMaintenance(notice))
  const { throttle } = deps
  if (throttle === null || (throttle.by === 'user' && deps.authorize !== null))
    return askWho(handling, backend, target, route)
  withinRate(handling, throttle, null, () => askWho(handling, backend, target, route))
}

function askWho(handling: Handling, backend: Backend, target: PathTarget, route: WorkerRoute): void {
  const { deps } = handling
  if (deps.authorize === null) return pass(handling, backend, target, route)
  const request = accessRequest(handling, backend, target, route)
  enforce(handling, request, deps.authorize, () => pass(handling, backend, target, route))
}

function underMaintenance({ message }: Notice): Failure {
  return { ...failure('maintenance', message), retryAfterS: maintenanceRetryS }
}

/** What may pass goes to its worker. */
function pass(handling: Handling, backend: Backend, target: PathTarget, route: WorkerRoute): void {
  const { deps, exchange, head, transaction } = handling
  if (backend.config.kind === 'static') return sendStatic(handling, backend, target, route)
  const explanation = head.isNavigation ? (deps.explain?.(backend.config.name) ?? null) : null
  if (explanation !== null) return answerPage(exchange, transaction, explanation)
  new Attempt(handling, backend, target, route).admit()
}

/** What can be refused without asking the worker, and is so that it never hears of it. */
function refuseFor({ deps, exchange, head }: Handling, backend: Backend, route: WorkerRoute): Failure | null {
  const { kind, maxBodyBytes } = backend.config
  if (kind === 'static') return head.websocket === null ? null : failure('route_not_found')
  if (!deps.internal && kind === 'streamlit' && isHiddenFromOutside(route.below)) return failure('not_public')
  if (head.websocket !== null && !deps.internal && !deps.origins(head.origin, exchange.host))
    return failure('bad_origin')
  const crowd = head.websocket === null ? null : refuseSocket(deps)
  if (crowd !== null) return crowd
  return maxBodyBytes > 0 && declaredLength(head) > maxBodyBytes ? failure('body_too_large') : null
}

function sendStatic(handling: Handling, backend: Backend, target: PathTarget, route: WorkerRoute): void {
  const { deps, exchange, transaction, connection } = handling
  const request = transaction.head
  if (backend.config.kind !== 'static' || isFailure(request)) return
  const { directory, mount } = backend.config
  sendFile({
    directory,
    path: dropSegments(target.raw, route.rootSegments + route.mountSegments),
    publicPrefix: deps.config.rootPath + (mount === '/' ? '' : mount),
    query: target.query,
    exchange,
    request,
    transaction,
    complete: (fields) =>
      personal(exchange, deps.headers.of(backend.config.name).complete(fields, exchange.scheme)),
    socket: connection.socket,
    onFailure: (reason) => refuse(exchange, transaction, reason),
  })
}

function refuseForeignHost(deps: RequestDeps, exchange: Exchange): Failure | null {
  if (deps.internal || deps.allowedHosts === null) return null
  return deps.allowedHosts.has(hostName(exchange.host)) ? null : failure('misdirected_host')
}

function backendOf(deps: RequestDeps, route: WorkerRoute): Backend {
  const backend = deps.backends[route.index]
  if (backend === undefined) throw new Error(`route to unknown backend ${route.index}`)
  return backend
}
