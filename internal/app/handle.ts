/**
 * One HTTP request, stage by stage:
 * `accept -> identify -> route -> answer | admit -> forward -> relay -> settle`, with `refuse` reachable from each.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendFile } from '../assets/files.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { readHead } from '../exchange/head.ts'
import { identify, identifyRefused } from '../exchange/identify.ts'
import { failure, isFailure, type Failure } from '../fault/failure.ts'
import { answerHealth } from '../health/health.ts'
import { Upstream } from '../proxy/upstream.ts'
import { dropSegments, hostName } from '../route/table.ts'
import { readTarget, type PathTarget } from '../route/target.ts'
import { Attempt, type Handling, type WorkerRoute } from './attempt.ts'
import { answerJson, answerPage, answerRedirect, refuse } from './answer.ts'
import type { Backend } from './backend.ts'
import type { RequestDeps } from './deps.ts'
import { refuseForeignPage } from './internal.ts'
import { isHiddenFromOutside } from './streamlit.ts'

/** Handles one request. Never throws. */
export function handle(deps: RequestDeps, request: IncomingMessage, response: ServerResponse): void {
  const by = deps.identification(request.socket)
  const head = readHead(request, deps.config.limits)
  const exchange = isFailure(head) ? identifyRefused(request, by) : identify(head, 'http', by)
  response.once('close', () => settle(deps, exchange, response))
  request.once('error', () => undefined)
  if (isFailure(head)) return refuse(exchange, response, head)
  try {
    routeRequest({ deps, exchange, head, request, response })
  } catch (error) {
    refuse(exchange, response, { ...failure('internal'), cause: error })
  }
}

function routeRequest(handling: Handling): void {
  const { deps, exchange, head, response } = handling
  const page = refuseForeignPage(deps, head)
  if (page !== null) return refuse(exchange, response, page)
  const target = readTarget(head.target, { method: head.method, host: head.host, scheme: exchange.scheme })
  if (isFailure(target)) return refuse(exchange, response, target)
  if (target.kind === 'server') return answerJson(exchange, response, 200, '{}\n', null)
  const route = deps.routes(target, exchange.host)
  if (isFailure(route)) return refuse(exchange, response, refuseForeignHost(deps, exchange) ?? route)
  if (route.kind === 'internal') return answerInternal(handling, route.name)
  const foreign = refuseForeignHost(deps, exchange)
  if (foreign !== null) return refuse(exchange, response, foreign)
  if (route.kind === 'redirect') return answerRedirect(exchange, response, route.location + target.query)
  toWorker(handling, target, route)
}

function answerInternal({ deps, exchange, head, response }: Handling, name: string): void {
  exchange.route = 'internal'
  const answer = answerHealth(name, deps.health())
  if (answer === null) return refuse(exchange, response, failure('route_not_found'))
  if (head.method !== 'GET' && head.method !== 'HEAD')
    return refuse(exchange, response, failure('method_not_allowed'))
  answerJson(exchange, response, answer.status, answer.body, answer.retryAfterS)
}

function toWorker(handling: Handling, target: PathTarget, route: WorkerRoute): void {
  const { deps, exchange, head, request, response } = handling
  const backend = backendOf(deps, route)
  exchange.route = backend.config.name
  if (backend.config.kind === 'static') {
    const { directory, mount } = backend.config
    const publicPrefix = deps.config.rootPath + (mount === '/' ? '' : mount)
    const path = dropSegments(target.raw, route.rootSegments + route.mountSegments)
    const onFailure = (reason: Failure): void => refuse(exchange, response, reason)
    return sendFile({
      directory,
      path,
      publicPrefix,
      query: target.query,
      exchange,
      request,
      response,
      onFailure,
    })
  }
  if (!deps.internal && backend.config.kind === 'streamlit' && isHiddenFromOutside(route.below)) {
    return refuse(exchange, response, failure('not_public'))
  }
  if ((head.contentLength ?? 0) > backend.config.maxBodyBytes && backend.config.maxBodyBytes > 0) {
    return refuse(exchange, response, failure('body_too_large'))
  }
  const explanation = head.isNavigation ? (deps.explain?.(backend.config.name) ?? null) : null
  if (explanation !== null) return answerPage(exchange, response, explanation)
  admit(handling, new Attempt(handling, backend, target, route))
}

function admit({ exchange, head, response }: Handling, attempt: Attempt): void {
  const admission = attempt.backend.admit(head.isNavigation, response)
  if (admission instanceof Upstream) return attempt.send(admission)
  if (!(admission instanceof Promise)) return refuse(exchange, response, admission)
  void admission.then((outcome) => attempt.resume(outcome))
}

/** The end of every request, exactly once. */
function settle(deps: RequestDeps, exchange: Exchange, response: ServerResponse): void {
  if (exchange.settled) return
  exchange.settled = true
  if (!response.writableFinished && exchange.reason === 'ok') {
    exchange.reason = 'client_closed'
    if (exchange.status === 0) exchange.status = 499
  }
  if (exchange.bytesIn === 0) exchange.bytesIn = exchange.head?.contentLength ?? 0
  // Probes come every second and say nothing.
  if (exchange.route !== 'internal') deps.accessLog(exchange)
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
